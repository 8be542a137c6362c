using Pantry.Client;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Tests.EndToEnd;

/// <summary>A client's directory is that of one client: what is tried there by mistake changes nothing.</summary>
public sealed class OtherNameTests
{
    [Theory]
    [InlineData(null)]
    [InlineData("shop")]
    public async Task A_client_that_is_started_under_another_name_is_refused_here_and_is_as_before_under_its_own(string? application)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration enrolled = await fleet.ConfigurationAsync("web1", "shop", "live", ["web"]);
        await (await fleet.StartAsync(enrolled)).DisposeAsync();
        string before = await File.ReadAllTextAsync(Path.Combine(enrolled.Path, "trust.json"));
        Enrollment another = (await fleet.ConfigurationAsync("ip-10-0-0-3", "shop")).Enrollment!;

        foreach (Enrollment? enrollment in (Enrollment?[])[null, enrolled.Enrollment, another])
        {
            var error = await Assert.ThrowsAsync<PantryException>(() => fleet.StartAsync(enrolled with
            {
                Enrollment = enrollment,
                Labels = ClientLabels.Create("ip-10-0-0-3", application, null, null),
            }));
            Assert.Equal((PantryErrorCode.InvalidName, enrolled.Path), (error.Code, error.Target));
            Assert.Contains("Start it with -Identity web1", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, await File.ReadAllTextAsync(Path.Combine(enrolled.Path, "trust.json")));
        ClientAgent silent = await fleet.StartAsync(enrolled with { Enrollment = null, Labels = ClientLabels.Create("WEB1", null, null, null) });
        Assert.Equal((RegistrationStatus.Approved, 3), (silent.Registration, silent.Labels.StreamPaths().Count));
        await silent.DisposeAsync();
        Assert.Equal(RegistrationStatus.Approved, (await fleet.StartAsync(enrolled)).Registration);
        Assert.Equal(EnrollmentStatus.Open, (await fleet.Server.Fleet.FindEnrollmentsAsync(new EnrollmentFilter { Ids = [another.Id] }, default).SingleAsync()).Status);
    }

    [Fact]
    public async Task What_a_client_claims_is_remembered_only_once_it_is_approved()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientConfiguration enrolled = await fleet.ConfigurationAsync("web1", "shop", "live", ["web"]);
        await (await fleet.StartAsync(enrolled)).DisposeAsync();
        ClientAgent more = await fleet.StartAsync(enrolled with { Enrollment = null, Labels = ClientLabels.Create("web1", "bank", null, null) });
        Assert.Equal(RegistrationStatus.Pending, more.Registration);
        Assert.DoesNotContain("bank", await File.ReadAllTextAsync(Path.Combine(enrolled.Path, "trust.json")), StringComparison.Ordinal);

        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Approve, "web1", null), default);

        await Fleet.EventuallyAsync(() => more.Registration == RegistrationStatus.Approved, "the client to be approved");
        await more.DisposeAsync();
        ClientAgent silent = await fleet.StartAsync(enrolled with { Enrollment = null, Labels = ClientLabels.Create("web1", null, null, null) });
        Assert.Equal((RegistrationStatus.Approved, "bank"), (silent.Registration, silent.Labels.Application));
    }
}
