using Pantry.Client;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>Clocks that are apart make no order valid that is not; and whoever is wrong by how much is said.</summary>
public sealed class ClockTests
{
    [Theory]
    [InlineData(2, "ClockSkew", "0[12]:[05][09]")]
    [InlineData(-2, "ClockSkew", "0[12]:[05][0-9]")]
    public async Task An_operator_whose_clock_is_off_is_told_so_and_by_how_much(int hours, string code, string skew)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        await using RemoteFleet remote = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("alice"), options: fleet.Options, time: new OffsetClock(TimeSpan.FromHours(hours)));

        PantryException error = await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.All, "Ping", fleet: remote));

        Assert.Equal(code, error.Code.ToString());
        Assert.Matches(skew, error.Message);
    }

    [Theory]
    [InlineData(2, "OrderExpired", "01:5")]
    [InlineData(-2, "ClockSkew", "0[12]:")]
    public async Task A_client_whose_clock_is_off_says_so_in_its_row_and_by_how_much_and_the_audit_log_has_it(int hours, string code, string skew)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration configuration = await fleet.ConfigurationAsync("a", "shop");
        await using ClientAgent client = await ClientAgent.StartAsync(configuration, null, fleet.ClientLoop, fleet.Options, new OffsetClock(TimeSpan.FromHours(hours)));

        Result result = Assert.Single(await fleet.RunAsync(Target.All, "Ping")).Result;

        Assert.Equal((CommandStatus.Expired, code), (result.Status, result.Error!.Code));
        Assert.Matches(skew, result.Error.Message);
        await fleet.Server.AuditLog.FlushAsync();
        AuditRecord record = Assert.Single(fleet.Server.AuditLog.Query(new AuditQuery { Action = "ClockSkew", Target = "a" }));
        Assert.Matches("0[12]:[0-5]", record.Outcome);
    }

    private sealed class OffsetClock(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + offset;
    }
}
