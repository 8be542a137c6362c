using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Server;

/// <summary>What is long over does not stay for ever.</summary>
public sealed class ForgettingTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task Enrolments_and_tokens_that_are_over_are_forgotten_in_time_and_open_ones_are_kept()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ForgetInterval = Soon, GrantRetention = Soon });
        Enrollment open = await fleet.Server.Fleet.EnrolAsync(new Enrol("open", "shop", null, [], 0), default);
        await fleet.AddAsync("web1", "shop");
        await fleet.Server.Fleet.EnrolAsync(new Enrol("late", "shop", null, [], 0.001), default);
        EnrollmentToken withdrawn = await fleet.Server.Fleet.CreateTokenAsync(new CreateToken("*", "shop", null, [], 0), default);
        await fleet.Server.Fleet.WithdrawEnrollmentAsync(withdrawn.Id, default);

        List<EnrollmentInfo> left = [];
        await Fleet.EventuallyAsync(() => (left = [.. fleet.Server.Enrollments.List(new EnrollmentFilter { All = true })]).Count == 1, "only the open one to be left");
        Assert.Equal(open.Id, left[0].Id);
        // The record is written behind the deed.
        AuditRecord[] forgotten = [];
        await Fleet.EventuallyAsync(
            () => (forgotten = [.. fleet.Server.AuditLog.Query(new AuditQuery { Action = "Forgotten" })]).Sum(record => Count(record, "enrollments")) == 2, "the records");
        Assert.All(forgotten, record => Assert.Equal("server", record.Actor));
        Assert.Equal(2, forgotten.Sum(record => Count(record, "enrollments")));
        Assert.Equal(1, forgotten.Sum(record => Count(record, "tokens")));
        await fleet.RestartServerAsync();
        Assert.Equal([open.Id], fleet.Server.Enrollments.List(new EnrollmentFilter { All = true }).Select(info => info.Id));
        Assert.NotNull(fleet.Server.Registry.Find("web1"));
    }

    [Fact]
    public async Task A_key_that_nobody_decided_about_is_forgotten_once_it_comes_no_more_and_the_others_are_kept()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ForgetInterval = Soon, PendingKeyLifetime = TimeSpan.FromSeconds(1) });
        using CurveKeyPair gone = CurveKeyPair.Generate(), waiting = CurveKeyPair.Generate(), denied = CurveKeyPair.Generate();
        using RawPeer stays = RawPeer.Connect(fleet.Server.ReceivePort, waiting, fleet.Server.PublicKey);
        Register(stays, "stays");
        using CurveKeyPair more = await fleet.EnrolKeyAsync("more", "shop");
        foreach ((CurveKeyPair key, string name) in ((CurveKeyPair, string)[])[(gone, "gone"), (denied, "denied"), (more, "more")])
        {
            using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
            Register(peer, name);
        }

        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Deny, "denied", null), default);
        DateTimeOffset deniedAt = DateTimeOffset.UtcNow;

        // Its session is there for longer than that without a word: an applicant who talks too much is closed.
        await Fleet.EventuallyAsync(
            () => Names(fleet).All(name => name != "gone") && DateTimeOffset.UtcNow - deniedAt > TimeSpan.FromSeconds(2), "the key to be forgotten");
        // One that an operator said no to stays out, and one that claims more than it had keeps its name.
        Assert.Equal(["denied", "more", "stays"], Names(fleet));
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(1, fleet.Server.AuditLog.Query(new AuditQuery { Action = "Forgotten" }).Sum(record => Count(record, "pendingKeys")));
        await fleet.RestartServerAsync();
        Assert.Equal(["denied", "more", "stays"], Names(fleet));
    }

    [Fact]
    public async Task A_client_that_waits_for_a_decision_and_gives_up_is_forgotten_and_one_that_was_denied_is_not()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair gone = CurveKeyPair.Generate(), more = await fleet.EnrolKeyAsync("more", "shop");
        var goodbye = new Message(MessageKind.Leave, new Leave("the client was unregistered", true), 2);
        foreach ((CurveKeyPair key, string name) in ((CurveKeyPair, string)[])[(gone, "gone"), (more, "more")])
        {
            using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
            Register(peer, name);
            peer.Send(goodbye);
            Assert.Equal(2UL, peer.Receive(MessageKind.Leave).Correlation);
            Assert.Null(fleet.Server.Admission.Now(key.PublicKey));
        }

        using CurveKeyPair denied = CurveKeyPair.Generate();
        using RawPeer late = RawPeer.Connect(fleet.Server.ReceivePort, denied, fleet.Server.PublicKey);
        Register(late, "denied");
        // What was decided in the moment before stands.
        fleet.Server.Admission.Decide(new DecideClient(ClientDecision.Deny, "denied", null), fleet.Server.Authority.Bundle.Operators[0]);
        late.Send(goodbye);
        late.Receive(MessageKind.Leave);

        Assert.Equal(["denied"], Names(fleet));
        Assert.Equal(["gone", "more"], fleet.Server.AuditLog.Query(new AuditQuery { Action = "ClientLeft" }).Select(record => record.Target));
    }

    [Fact]
    public async Task A_client_that_did_not_hear_that_it_was_taken_off_the_list_is_told_again_and_its_next_run_is_a_stranger()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "bank");
        Register run = Fleet.NewRegister("web1", "bank");
        using (RawPeer first = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey))
        {
            first.Send(new Message(MessageKind.Register, run, 1));
            first.Receive(MessageKind.Registered);
        }

        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, "web1", null), default);
        using (RawPeer again = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey))
        {
            again.Send(new Message(MessageKind.Register, run, 1));
            Assert.True(again.Receive(MessageKind.Leave).HeadAs<Leave>().Forget);
            Assert.Empty(Names(fleet));
        }

        using RawPeer next = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        Register(next, "web1");
        Assert.Equal(["web1"], Names(fleet));
    }

    private static IEnumerable<string> Names(Fleet fleet) => fleet.Server.Administration.List(new ClientFilter(), null).Select(client => client.Identity);

    private static void Register(RawPeer peer, string identity)
    {
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister(identity, "bank"), 1));
        Assert.Equal(RegistrationStatus.Pending, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
    }

    private static int Count(AuditRecord record, string what) => System.Text.Json.JsonDocument.Parse(record.Detail).RootElement.GetProperty(what).GetInt32();
}
