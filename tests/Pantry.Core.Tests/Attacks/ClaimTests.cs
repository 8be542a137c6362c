using System.Diagnostics;
using Pantry.Client;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>What is approved is a key with what it is: whoever claims more waits, whoever claims less does not.</summary>
public sealed class ClaimTests
{
    [Theory]
    [InlineData("a", "shop", "production", "web,db")]
    [InlineData("a", "shop", "production", "db")]
    [InlineData("a", "shop", null, "web")]
    [InlineData("a", "bank", "production", "web")]
    [InlineData("a", null, null, "")]
    [InlineData("a", null, null, "web")]
    public async Task A_client_that_claims_more_than_was_approved_waits_and_hears_nothing_until_an_operator_decides(
        string identity, string? application, string? environment, string roles)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a", "shop", "production", ["web"]);
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        Assert.Equal(RegistrationStatus.Approved, Register(peer, ClientLabels.Create("a", "shop", "production", ["web"])).Status);
        ClientLabels more = ClientLabels.Create(identity, application, environment, roles.Split(',', StringSplitOptions.RemoveEmptyEntries));

        Registered waits = Register(peer, more);

        Assert.Equal((RegistrationStatus.Pending, 0), (waits.Status, waits.Topics.Count));
        ClientInfo shown = await fleet.Server.Fleet.FindClientsAsync(new ClientFilter(), default).SingleAsync();
        Assert.Equal((ClientStatus.Pending, application), (shown.Status, shown.Application));
        Assert.Equal(CommandStatus.Denied, Assert.Single(await fleet.RunAsync(Target.Clients(["a"]), "Ping")).Result.Status);
        await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.OfStreams("shop.production"), "Ping"));
        Assert.Equal(RegistrationStatus.Pending, Register(peer, ClientLabels.Create("a", "shop", "production", ["web"])).Status);
        Assert.Equal(RegistrationStatus.Pending, Register(peer, more).Status);

        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Approve, null, key.PublicKey.Fingerprint), default);

        Assert.Equal(nameof(PantryErrorCode.NotConnected), peer.ReceiveRefusal().Refused.Code);
        Assert.Equal(RegistrationStatus.Approved, Register(peer, more).Status);
        Assert.Equal(more.ShownStreams(), fleet.Info(identity).Streams);
    }

    [Theory]
    [InlineData("web")]
    [InlineData("")]
    public async Task A_client_that_claims_less_is_let_in_as_that(string roles)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a", "shop", "production", ["web", "db"]);
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);

        Registered registered = Register(peer, ClientLabels.Create("a", "shop", "production", roles.Split(',', StringSplitOptions.RemoveEmptyEntries)));

        Assert.Equal(RegistrationStatus.Approved, registered.Status);
        Assert.DoesNotContain("shop.production.db", fleet.Info("a").Streams);
    }

    [Fact]
    public async Task A_client_that_is_started_with_more_roles_says_that_it_waits_and_works_again_once_it_is_approved()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientAgent first = await fleet.AddAsync("a", "shop", "production", ["web"]);
        ClientConfiguration configuration = first.Configuration with { Enrollment = null, Labels = ClientLabels.Create("a", "shop", "production", ["web", "db"]) };
        await first.DisposeAsync();

        ClientAgent again = await fleet.StartAsync(configuration);
        Assert.Equal(RegistrationStatus.Pending, again.Registration);
        await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.OfStreams("shop.production.db"), "Ping"));
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Approve, "a", null), default);

        await Fleet.EventuallyAsync(() => again.Registration == RegistrationStatus.Approved, "the client to hear that it is approved");
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.OfStreams("shop.production.db"), "Ping")).Result.Status);
    }

    [Fact]
    public async Task A_client_that_claims_now_this_and_now_that_costs_the_others_neither_their_sessions_nor_their_time()
    {
        const int Claims = 4_000;
        await using Fleet fleet = await Fleet.StartAsync();
        string[] names = [.. Enumerable.Range(0, 20).Select(i => $"honest{i:00}")];
        foreach (string name in names)
            await fleet.AddAsync(name, "shop", "production", ["web", "db"]);
        ServerSession[] sessions = [.. names.Select(name => fleet.Server.Registry.Find(name)!.Session!)];
        using CurveKeyPair key = await fleet.EnrolKeyAsync("evil", "shop", "production", ["web", "db"]);
        using RawPeer evil = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        for (int i = 0; i < Claims; i++)
        {
            evil.Send(new Message(MessageKind.Register, Fleet.NewRegister("evil") with
            {
                Instance = "one",
                Labels = ClientLabels.Create("evil", "shop", "production", [i % 2 == 0 ? "web" : "db"]),
            }, (ulong)i + 1));
        }

        long begun = Stopwatch.GetTimestamp();
        List<ResultRow> rows = await fleet.RunAsync(Target.Clients(names), "Ping");
        TimeSpan took = Stopwatch.GetElapsedTime(begun);

        TestContext.Current.TestOutputHelper!.WriteLine($"took {took}");
        Assert.All(rows, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
        Assert.All(sessions, session => Assert.False(session.Closed));
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(5));
    }

    private static Registered Register(RawPeer peer, ClientLabels labels)
    {
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister("any") with { Instance = "one", Labels = labels }, 7));
        return peer.Receive(MessageKind.Registered).HeadAs<Registered>();
    }
}
