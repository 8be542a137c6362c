using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.Attacks;

namespace Pantry.Tests.EndToEnd;

/// <summary>An order whose operator the client does not know yet, because the trust bundle that names it has not come.</summary>
public sealed class NewestBundleTests
{
    [Fact]
    public async Task An_order_that_comes_before_the_bundle_that_names_its_operator_is_run_when_both_are_there()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var tally = new Tally();
        await fleet.AddAsync("a", commands: tally.Commands);
        OperatorCredentials known = await fleet.AddOperatorAsync("known");
        using var settler = new Forger(fleet, known);
        using SigningKey root = SigningKeyFile.Load(Path.Combine(fleet.Root, "server", "keys", "root.key")), signing = SigningKey.Generate();
        SignedBundle next = SignedBundle.Sign(fleet.Server.Authority.Bundle.With(Security.Operators.Entry("late", signing.PublicKey, "*:*")), root);
        using var late = new Forger(fleet, known with { Name = "late", SigningKey = signing.ToPem(null) });
        Message order = Forger.Order(late.Sign(Target.All), bundleSerial: fleet.Server.Authority.Bundle.Serial + 1);

        late.Send("a", order);
        fleet.Server.Authority.Put(next);
        await settler.SettleAsync("a", tally);
        Assert.Equal(0, tally.Times);
        // As the server does with what is not acknowledged.
        late.Send("a", order);

        await Fleet.EventuallyAsync(() => tally.Times == 1, "the order to be run");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_could_not_keep_a_bundle_asks_for_it_when_an_order_needs_it(bool askedBefore)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var tally = new Tally();
        ClientAgent client = await fleet.AddAsync("a", commands: tally.Commands);
        using var settler = new Forger(fleet, await fleet.AddOperatorAsync("known"));
        await settler.SettleAsync("a", tally);
        string file = Path.Combine(client.Configuration.Path, "bundle.json");
        byte[] kept = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
        File.Delete(file);
        Directory.CreateDirectory(Path.Combine(file, "in the way"));
        OperatorCredentials late = await fleet.AddOperatorAsync("late");
        await settler.SettleAsync("a", tally);
        Directory.Delete(file, recursive: true);
        PrivateFile.WriteNew(file, kept);

        await using RemoteFleet console = await RemoteFleet.ConnectAsync(late, options: fleet.Options);
        ResultRow row = Assert.Single(await fleet.RunAsync(
            new JobRequest { Target = Target.All, Command = "Count", Plan = new RolloutPlan { Quorum = askedBefore ? new Share(1) : null } }, console));

        Assert.Equal((CommandStatus.Succeeded, 1), (row.Result.Status, tally.Times));
    }
}
