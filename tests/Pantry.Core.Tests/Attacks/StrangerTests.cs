using System.Diagnostics;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>What a key that nobody approved gets: its place in line, and nothing else.</summary>
public sealed class StrangerTests
{
    [Fact]
    public async Task A_key_that_waits_for_approval_may_not_make_the_server_hold_pieces_of_large_messages()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer stranger = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        stranger.Send(new Message(MessageKind.Register, Fleet.NewRegister("stranger"), 1));
        Assert.Equal(RegistrationStatus.Pending, stranger.Receive(MessageKind.Registered).HeadAs<Registered>().Status);

        byte[][] frames = [new byte[16], new byte[fleet.Options.Wire.FragmentBytes * 3]];
        stranger.SendFrames(Fragments.Cut(frames, 7, fleet.Options.Wire).First());

        await Fleet.EventuallyAsync(() => fleet.Server.Statistics().MessagesDropped.ContainsKey("BadFragment"), "the piece to be refused");
    }

    [Fact]
    public async Task A_stranger_who_registers_without_end_holds_up_nobody_and_does_not_fill_the_audit_log()
    {
        const int Registrations = 4_000;
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("honest");
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer stranger = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        // Answered once, for the server may well send it away before it has looked at the first of so many.
        stranger.Send(new Message(MessageKind.Register, Fleet.NewRegister("stranger0"), 1));
        stranger.Receive(MessageKind.Registered);
        for (int i = 0; i < Registrations; i++)
            stranger.Send(new Message(MessageKind.Register, Fleet.NewRegister($"stranger{i % 2}"), (ulong)i + 2));

        long begun = Stopwatch.GetTimestamp();
        await fleet.AddAsync("newcomer");
        TimeSpan enrolled = Stopwatch.GetElapsedTime(begun);
        begun = Stopwatch.GetTimestamp();
        Assert.All(await fleet.RunAsync(Target.All, "Ping"), row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
        TimeSpan ran = Stopwatch.GetElapsedTime(begun);

        TestContext.Current.TestOutputHelper!.WriteLine($"enrolled in {enrolled}, ran in {ran}");
        Assert.InRange(enrolled, TimeSpan.Zero, Fleet.Deadline / 2);
        Assert.InRange(ran, TimeSpan.Zero, Fleet.Deadline / 2);
        await Fleet.EventuallyAsync(() => fleet.Server.Statistics().MessagesDropped.ContainsKey("TooTalkative"), "the stranger to be sent away");
        await Fleet.EventuallyAsync(() => fleet.Server.Administration.List(new ClientFilter { Status = ClientStatus.Pending }, null).Any(), "the stranger to wait");
        await fleet.Server.AuditLog.FlushAsync();
        Assert.InRange(fleet.Server.AuditLog.Query(new AuditQuery { Action = "Client*" }).Count(), 1, 20);
    }

    [Fact]
    public async Task A_connection_on_which_no_handshake_is_finished_is_closed()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(100) });
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        using CurveKeyPair key = CurveKeyPair.Generate();
        using var handshake = new CurveClientHandshake(key, fleet.Server.PublicKey, SessionTerms.OfPeer(SessionRole.Client, null));
        using RawZmtp idler = await RawZmtp.ConnectAsync(fleet.Server.ReceivePort, cancel: deadline.Token);
        await idler.GreetAsync("DEALER", deadline.Token);

        await idler.SendAsync(ZmtpBytes.Frame(0, handshake.Hello()), deadline.Token);
        await idler.ReadToEndAsync(deadline.Token);

        Assert.False(deadline.IsCancellationRequested, "The connection was not closed.");
        Assert.Equal(1, fleet.Server.Statistics().MessagesDropped["HandshakeUnfinished"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Who_comes_in_and_does_not_say_who_it_is_is_sent_away(bool withEnrollment)
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { IntroductionTimeout = TimeSpan.FromMilliseconds(300) });
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("a", null, null, [], 0), default);
        using CurveKeyPair key = withEnrollment ? CurveKeyPair.TryParseSecret(enrollment.SecretKey)! : CurveKeyPair.Generate();
        using RawPeer stranger = RawPeer.Connect(
            fleet.Server.ReceivePort, key, fleet.Server.PublicKey, withEnrollment ? SessionRole.Enrollee : SessionRole.Client);
        stranger.Send(new Message(MessageKind.Heartbeat, new Heartbeat(0)));

        await Fleet.EventuallyAsync(() => fleet.Server.Sessions.Count == 0, "the session to end", fleet.Options.DeadAfter / 2);
    }

    [Fact]
    public async Task One_address_takes_no_more_than_its_share_of_the_places_of_those_who_wait_and_gives_them_back()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { MaxApplicantsOfAddress = 2 });
        await fleet.AddAsync("let-in");
        // Places of those who have been let in are given back by the next sweep.
        await Fleet.EventuallyAsync(() => fleet.Server.Sessions.All(session => session.Role == Senders.Client), "only the client to be there");
        using RawPeer first = Stranger(fleet);
        using (Stranger(fleet))
        {
            using RawPeer third = RawPeer.Unknown(fleet.Server.ReceivePort);
            using CurveKeyPair key = CurveKeyPair.Generate();
            CurveClientStep step = third.Handshake(key, fleet.Server.PublicKey);
            Assert.Equal(CurveFault.RefusedByPeer, step.Fault);
            Assert.Equal(PantryErrorCode.LimitReached, SessionRefusal.Read(step.Reason!, "server", "key").Code);
        }

        await Fleet.EventuallyAsync(() => fleet.Server.Sessions.Count == 2, "a place to be given back");
        using RawPeer next = Stranger(fleet);
    }

    [Fact]
    public async Task An_enrolment_whose_time_is_over_is_refused_in_the_handshake()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { EnrollmentLifetime = TimeSpan.FromMilliseconds(50) });
        Enrollment enrollment = await fleet.Server.Fleet.EnrolAsync(new Enrol("a", null, null, [], 0), default);
        await Fleet.EventuallyAsync(() => DateTimeOffset.UtcNow > enrollment.ExpiresAt, "its time to be over");
        using CurveKeyPair key = CurveKeyPair.TryParseSecret(enrollment.SecretKey)!;
        using RawPeer late = RawPeer.Unknown(fleet.Server.ReceivePort);

        CurveClientStep step = late.Handshake(key, fleet.Server.PublicKey, SessionRole.Enrollee);

        Assert.Equal(CurveFault.RefusedByPeer, step.Fault);
        Assert.Equal(PantryErrorCode.InvalidEnrollment, SessionRefusal.Read(step.Reason!, "server", "key").Code);
    }

    private static RawPeer Stranger(Fleet fleet)
    {
        using CurveKeyPair key = CurveKeyPair.Generate();
        return RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
    }
}
