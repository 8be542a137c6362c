using System.Text;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>What a session's key may say; all else is refused and written down, whatever is in it.</summary>
public sealed class PeerAuthorityTests
{
    [Fact]
    public async Task A_client_can_say_nothing_that_servers_operators_or_strangers_say()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientAgent honest = await fleet.AddAsync("honest");
        using RawPeer evil = await fleet.AddRawAsync("evil");

        await AssertMaySayNothingElseAsync(fleet, evil, Senders.Client);

        Assert.Equal("honest", honest.Labels.Identity);
        Assert.Single(fleet.Server.Authority.Bundle.Operators);
    }

    [Fact]
    public async Task A_key_that_waits_for_approval_can_only_ask_and_leave()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer stranger = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        stranger.Send(new Message(MessageKind.Register, Fleet.NewRegister("stranger"), 1));
        stranger.Receive(MessageKind.Registered);

        await AssertMaySayNothingElseAsync(fleet, stranger, Senders.Applicant);
        ResultRow row = Assert.Single(await fleet.RunAsync(Target.Clients(["stranger"]), "Ping"));

        Assert.Equal((CommandStatus.Denied, "ClientPending"), (row.Result.Status, row.Result.Error!.Code));
        AuditRecord came = Assert.Single(fleet.Server.AuditLog.Query(new AuditQuery { Action = "ClientPending" }));
        Assert.Equal(("stranger", key.PublicKey.Fingerprint), (came.Actor, came.Key));
    }

    [Fact]
    public async Task The_key_of_an_enrolment_can_only_let_another_key_in()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("a", null, null, [], 0), default);
        using CurveKeyPair pair = CurveKeyPair.TryParseSecret(enrollment.SecretKey)!;
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, pair, fleet.Server.PublicKey, SessionRole.Enrollee);

        await AssertMaySayNothingElseAsync(fleet, peer, Senders.Enrollee);

        // Not even itself: the file it came in has travelled.
        peer.Send(new Message(MessageKind.Redeem, new Redeem(enrollment.PublicKey, "a"), 1));
        Assert.Equal(nameof(PantryErrorCode.InvalidEnrollment), peer.ReceiveRefusal().Refused.Code);
    }

    [Fact]
    public async Task An_operator_cannot_speak_as_a_client()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        OperatorCredentials credentials = await fleet.AddOperatorAsync("alice");
        using CurveKeyPair key = CurveKeyPair.TryParseSecret(credentials.SessionKey)!;
        using RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey, SessionRole.Operator);
        peer.Send(new Message(MessageKind.Connect, new Connect("c", "1"), 1));
        peer.Receive(MessageKind.Connected);

        await AssertMaySayNothingElseAsync(fleet, peer, Senders.Operator);
    }

    [Fact]
    public async Task Of_two_keys_that_claim_one_identity_neither_gets_what_is_the_others()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using RawPeer holder = await fleet.AddRawAsync("web1", "shop");
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer rival = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        rival.Send(new Message(MessageKind.Register, Fleet.NewRegister("web1", "shop"), 1));

        Registered answer = rival.Receive(MessageKind.Registered).HeadAs<Registered>();
        Assert.Equal((RegistrationStatus.Pending, 0), (answer.Status, answer.Topics.Count));
        PantryException taken = await Assert.ThrowsAsync<PantryException>(
            () => fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Approve, null, key.PublicKey.Fingerprint), default));
        Assert.Equal(PantryErrorCode.IdentityInUse, taken.Code);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.Clients(["web1"]), Command = "Count" }, deadline.Token);
        holder.Receive(MessageKind.Order);
        rival.Send(new Message(MessageKind.Heartbeat, new Heartbeat(0)));
        Assert.Equal(MessageKind.HeartbeatReply, rival.Receive().Kind);

        Pantry.Server.ServerSession session = fleet.Server.Registry.Find("web1")!.Session!;
        string oldKey = fleet.Info("web1").Fingerprint!;
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, null, oldKey), default);
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Approve, null, key.PublicKey.Fingerprint), default);

        Assert.True(session.Closed);
        Assert.Equal(CommandStatus.Denied, (await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token)).Result.Status);
        rival.Send(new Message(MessageKind.Register, Fleet.NewRegister("web1", "shop"), 2));
        Registered admitted = rival.Receive(MessageKind.Registered).HeadAs<Registered>();
        Assert.Equal(RegistrationStatus.Approved, admitted.Status);
        Assert.Equal(3, admitted.Topics.Count);
        Assert.Null(fleet.Info("web1").Facts);
    }

    /// <summary>Sends every kind that the role may not, and looks for a refusal and its record.</summary>
    private static async Task AssertMaySayNothingElseAsync(Fleet fleet, RawPeer peer, Senders role)
    {
        MessageKind[] forbidden = [.. Enum.GetValues<MessageKind>().Where(kind => (kind.MayBeSentBy() & role) == 0)];
        Assert.InRange(forbidden.Length, 15, 60);
        foreach ((int i, MessageKind kind) in forbidden.Index())
        {
            peer.SendFrames(new MessageHeader(1, 0, kind, (ulong)i + 100).ToBytes(), Encoding.UTF8.GetBytes("{}"));
            Message refused = peer.Receive(MessageKind.Refused);
            Assert.Equal(((ulong)i + 100, nameof(PantryErrorCode.Refused)), (refused.Correlation, refused.HeadAs<Refused>().Code));
        }

        Assert.Equal(forbidden.Length, fleet.Server.Statistics().MessagesDropped["WrongDirection"]);
        await fleet.Server.AuditLog.FlushAsync();
        AuditRecord record = Assert.Single(fleet.Server.AuditLog.Query(new AuditQuery { Action = "Refuse", Outcome = "WrongDirection" }));
        Assert.Contains($"\"count\":{forbidden.Length}", record.Detail, StringComparison.Ordinal);
        Assert.NotNull(record.Key);
    }
}
