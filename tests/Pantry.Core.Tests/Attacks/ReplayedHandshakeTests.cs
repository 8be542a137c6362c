using System.Diagnostics;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Sessions.Curve;

namespace Pantry.Tests.Attacks;

/// <summary>What was recorded, or is claimed without the key for it, opens no session; and is told so at once, and written down.</summary>
public sealed class ReplayedHandshakeTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_recorded_handshake_opens_no_session_neither_on_its_own_connection_nor_on_another()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using CurveKeyPair key = await fleet.EnrolKeyAsync("recorded");
        using RawPeer own = RawPeer.Unknown(fleet.Server.ReceivePort);
        (byte[] hello, byte[] initiate) = Record(own, key, fleet.Server.PublicKey);

        // On another connection: as it was, and with a cookie of that connection before it.
        using RawPeer other = RawPeer.Unknown(fleet.Server.ReceivePort);
        AssertRefused(other, initiate);
        using RawPeer third = RawPeer.Unknown(fleet.Server.ReceivePort);
        third.SendRaw(hello);
        Assert.True(CurveCommands.IsWelcome(third.ReceiveRaw()[0]));
        AssertRefused(third, initiate);
        AssertRefused(own, initiate);

        await AssertNobodyCameAsync(fleet, "recorded", "HandshakeBadCookie", "HandshakeReplayed");
    }

    [Fact]
    public async Task A_recorded_handshake_opens_no_session_after_the_server_was_restarted()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("recorded");
        byte[] hello, initiate;
        using (RawPeer own = RawPeer.Unknown(fleet.Server.ReceivePort))
            (hello, initiate) = Record(own, key, fleet.Server.PublicKey);
        await fleet.RestartServerAsync();
        await fleet.AddAsync("honest");

        using RawPeer peer = RawPeer.Unknown(fleet.Server.ReceivePort);
        peer.SendRaw(hello);
        Assert.True(CurveCommands.IsWelcome(peer.ReceiveRaw()[0]));
        AssertRefused(peer, initiate);

        await AssertNobodyCameAsync(fleet, "recorded", "HandshakeBadCookie");
    }

    [Fact]
    public async Task A_recorded_message_is_not_taken_again_on_its_connection_nor_on_another()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using CurveKeyPair key = await fleet.EnrolKeyAsync("recorded");
        using RawPeer own = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        byte[][] register = own.Seal(MessageCodec.Encode(new Message(MessageKind.Register, Fleet.NewRegister("recorded"), 1)));
        own.SendRaw(register);
        Assert.Equal(RegistrationStatus.Approved, own.Receive(MessageKind.Registered).HeadAs<Registered>().Status);

        using RawPeer other = RawPeer.Unknown(fleet.Server.ReceivePort);
        other.SendRaw(register);
        await Fleet.EventuallyAsync(() => Dropped(fleet, "NoSession") == 1, "the message of another connection to be dropped", AtOnce);
        Pantry.Server.ServerSession session = fleet.Server.Registry.Find("recorded")!.Session!;
        own.SendRaw(register);
        await Fleet.EventuallyAsync(() => session.Closed, "the session to be cut", AtOnce);

        await AssertNobodyCameAsync(fleet, "recorded", "NoSession", "NotSealed");
    }

    [Fact]
    public async Task Who_shows_anothers_public_key_without_holding_it_is_refused()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        PublicKey victim = fleet.Server.Registry.Find("honest")!.Key;
        using RawPeer peer = RawPeer.Unknown(fleet.Server.ReceivePort);
        using var forger = new ForgingClient(fleet.Server.PublicKey) { NamedKey = victim.Bytes.ToArray(), Metadata = SessionTerms.OfPeer(SessionRole.Client, null).Encode() };
        peer.SendRaw(forger.Hello());

        AssertRefused(peer, forger.Initiate(peer.ReceiveRaw()[0]));

        await AssertNobodyCameAsync(fleet, null, "HandshakeBadVouch");
    }

    [Theory]
    [InlineData(ClientDecision.Deny, PantryErrorCode.KeyDenied)]
    [InlineData(ClientDecision.Revoke, PantryErrorCode.KeyRevoked)]
    internal async Task A_key_that_was_denied_or_revoked_is_told_so_in_the_handshake_and_gets_no_session(ClientDecision decision, PantryErrorCode code)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using CurveKeyPair key = decision == ClientDecision.Revoke ? await fleet.EnrolKeyAsync("out") : CurveKeyPair.Generate();
        using (RawPeer first = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey))
        {
            first.Send(new Message(MessageKind.Register, Fleet.NewRegister("out"), 1));
            first.Receive(MessageKind.Registered);
            await fleet.Server.Fleet.DecideAsync(new DecideClient(decision, null, key.PublicKey.Fingerprint), default);
        }

        using RawPeer peer = RawPeer.Unknown(fleet.Server.ReceivePort);
        long begun = Stopwatch.GetTimestamp();
        CurveClientStep step = peer.Handshake(key, fleet.Server.PublicKey);

        Assert.Equal(CurveFault.RefusedByPeer, step.Fault);
        Assert.Equal(code, SessionRefusal.Read(step.Reason!, "server").Code);
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, AtOnce);
        await AssertNobodyCameAsync(fleet, "out", code.ToString());
        Assert.Contains(fleet.Server.AuditLog.Query(new AuditQuery { Outcome = code.ToString() }), record => record.Key == key.PublicKey.Fingerprint);
    }

    [Fact]
    public async Task Whose_key_an_operator_or_an_enrolment_has_is_nobody_else()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using CurveKeyPair client = await fleet.EnrolKeyAsync("client");
        foreach (SessionRole role in (SessionRole[])[SessionRole.Operator, SessionRole.Enrollee])
        {
            using RawPeer peer = RawPeer.Unknown(fleet.Server.ReceivePort);
            Assert.Equal(CurveFault.RefusedByPeer, peer.Handshake(client, fleet.Server.PublicKey, role).Fault);
        }

        await AssertNobodyCameAsync(fleet, "client", nameof(PantryErrorCode.KeyUnknown), nameof(PantryErrorCode.InvalidEnrollment));
    }

    private static (byte[] Hello, byte[] Initiate) Record(RawPeer peer, CurveKeyPair key, PublicKey server)
    {
        using var handshake = new CurveClientHandshake(key, server, SessionTerms.OfPeer(SessionRole.Client, null));
        byte[] hello = handshake.Hello();
        peer.SendRaw(hello);
        byte[] initiate = handshake.Receive(peer.ReceiveRaw()[0]).Reply!;
        peer.SendRaw(initiate);
        CurveClientStep step = handshake.Receive(peer.ReceiveRaw()[0]);
        Assert.NotNull(step.Session);
        step.Session.Dispose();
        return (hello, initiate);
    }

    private static void AssertRefused(RawPeer peer, byte[] command)
    {
        peer.SendRaw(command);
        byte[][]? answer = peer.TryReceiveRaw(AtOnce);
        Assert.True(answer is [{ } error] && CurveCommands.IsError(error), "There was no refusal in time.");
    }

    private static long Dropped(Fleet fleet, string reason) => fleet.Server.Statistics().MessagesDropped.GetValueOrDefault(reason);

    /// <summary>The refusals are counted and in the audit log, nobody has the name's place, and honest clients work.</summary>
    private static async Task AssertNobodyCameAsync(Fleet fleet, string? name, params string[] reasons)
    {
        Assert.All(reasons, reason => Assert.InRange(Dropped(fleet, reason), 1, long.MaxValue));
        await fleet.Server.AuditLog.FlushAsync();
        Assert.All(reasons, reason => Assert.NotEmpty(fleet.Server.AuditLog.Query(new AuditQuery { Action = "Refuse", Outcome = reason })));
        if (name is not null)
            await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find(name)?.Session is null, "nobody to be there under the name");
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.Clients(["honest"]), "Ping")).Result.Status);
    }
}
