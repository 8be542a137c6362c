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
        for (int i = 0; i < Registrations; i++)
            stranger.Send(new Message(MessageKind.Register, Fleet.NewRegister($"stranger{i % 2}"), (ulong)i + 1));

        long begun = Stopwatch.GetTimestamp();
        await fleet.AddAsync("newcomer");
        TimeSpan enrolled = Stopwatch.GetElapsedTime(begun);
        begun = Stopwatch.GetTimestamp();
        Assert.All(await fleet.RunAsync(Target.All, "Ping"), row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
        TimeSpan ran = Stopwatch.GetElapsedTime(begun);

        TestContext.Current.TestOutputHelper!.WriteLine($"enrolled in {enrolled}, ran in {ran}");
        Assert.InRange(enrolled, TimeSpan.Zero, Fleet.Deadline / 2);
        Assert.InRange(ran, TimeSpan.Zero, Fleet.Deadline / 2);
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
}
