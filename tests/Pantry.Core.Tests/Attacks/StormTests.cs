using System.Diagnostics;
using System.Net.Sockets;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Transport.Gates;
using Pantry.Transport;

namespace Pantry.Tests.Attacks;

/// <summary>Strangers who shake hands all the time take what is left of the processor, and nothing that others need.</summary>
[Collection(nameof(HostileCrowd))]
public sealed class StormTests
{
    [Fact]
    public async Task A_storm_of_strangers_keeps_no_known_client_out_and_stops_no_order()
    {
        var options = new PantryOptions { MaxPendingKeys = 50 };
        await using Fleet fleet = await Fleet.StartAsync(options);
        ClientAgent comesBack = await fleet.AddAsync("known0", "shop");
        for (int i = 1; i < 5; i++)
            await fleet.AddAsync($"known{i}", "shop");
        long before = GC.GetTotalMemory(forceFullCollection: true);
        using var over = new CancellationTokenSource();
        int[] handshakes = new int[2];
        // Some only knock, some go through with it, with a key nobody knows, some make believe that they had knocked; a few from the known clients' own address.
        Task[] strangers =
        [
            .. Enumerable.Range(0, 60).Select(i => StormAsync(fleet, $"127.0.0.{(i % 20) + 1}", i % 2 == 0, handshakes, over.Token)),
            .. Enumerable.Range(0, 20).Select(i => ForgeAsync(fleet, $"127.0.0.{i + 1}", over.Token)),
        ];
        await Fleet.EventuallyAsync(() => Volatile.Read(ref handshakes[0]) > 100, "the storm");

        var times = new List<TimeSpan>();
        var orders = new List<TimeSpan>();
        long begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(8))
        {
            long started = Stopwatch.GetTimestamp();
            await comesBack.DisposeAsync();
            long stopped = Stopwatch.GetTimestamp();
            comesBack = await fleet.StartAsync(comesBack.Configuration);
            times.Add(Stopwatch.GetElapsedTime(stopped));
            started = Stopwatch.GetTimestamp();
            List<Pantry.Protocol.ResultRow> rows = await fleet.RunAsync(Target.OfStreams("shop"), "Ping");
            orders.Add(Stopwatch.GetElapsedTime(started));
            Assert.Equal(5, rows.Count(row => row.Result.Status == CommandStatus.Succeeded));
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        await over.CancelAsync();
        await Task.WhenAll(strangers);
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{handshakes[0]} HELLOs, {handshakes[1]} whole handshakes; {times.Count} starts of a known client, at most {times.Max().TotalMilliseconds:0} ms; orders at most {orders.Max().TotalMilliseconds:0} ms; memory +{grown / 1e6:0} MB");
        Assert.InRange(times.Max(), TimeSpan.Zero, Fleet.Deadline / 2);
        Assert.InRange(orders.Max(), TimeSpan.Zero, Fleet.Deadline / 2);
        Assert.InRange(grown, long.MinValue, 200_000_000);
        Assert.InRange(fleet.Server.Administration.List(new ClientFilter { Status = ClientStatus.Pending }, null).Count(), 0, options.MaxPendingKeys);
        Assert.InRange(fleet.Server.Statistics().MessagesDropped.GetValueOrDefault("HandshakeBadCookie"), 20, long.MaxValue);
        Assert.Equal(0, fleet.Server.Statistics().MessagesDropped.GetValueOrDefault("HandlerFailed"));
    }

    [Fact]
    public void The_line_of_handshakes_is_bounded_in_all_and_for_an_address_and_a_peer_has_one_place()
    {
        var queue = new HandshakeQueue(capacity: 100, perAddress: 10);
        int taken = 0;
        for (int i = 0; i < 10_000; i++)
            taken += queue.TryAdd(new PeerId(ServerPort.Receive, (ulong)i), [1], (UInt128)(i % 50), 2) ? 1 : 0;
        Assert.Equal((100, 100), (taken, queue.Count));

        var shared = new HandshakeQueue(capacity: 100, perAddress: 10);
        for (int i = 0; i < 10_000; i++)
            shared.TryAdd(new PeerId(ServerPort.Receive, (ulong)i), [1], (UInt128)1, 2);
        Assert.Equal(10, shared.Count);
        for (int i = 0; i < 10_000; i++)
            Assert.True(shared.TryAdd(new PeerId(ServerPort.Receive, 20_000), [(byte)i], (UInt128)2, 2));
        Assert.Equal(11, shared.Count);
        // Those from known addresses come before strangers, and who has answered before both.
        shared.TryAdd(new PeerId(ServerPort.Receive, 30_001), [1], (UInt128)3, 1);
        shared.TryAdd(new PeerId(ServerPort.Receive, 30_000), [1], (UInt128)4, 0);
        Assert.Equal([30_000UL, 30_001UL, 0UL], Enumerable.Range(0, 3).Select(_ => shared.Take()!.Value.Peer.Number));
    }

    private static async Task StormAsync(Fleet fleet, string from, bool whole, int[] handshakes, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            try
            {
                using RawZmtp peer = await RawZmtp.ConnectAsync(fleet.Server.ReceivePort, from, over);
                await peer.GreetAsync("DEALER", over);
                using CurveKeyPair key = CurveKeyPair.Generate();
                using var handshake = new CurveClientHandshake(key, fleet.Server.PublicKey, SessionTerms.OfPeer(SessionRole.Client, null));
                byte[] hello = handshake.Hello();
                for (int i = 0; i < (whole ? 1 : 20); i++)
                {
                    await peer.SendAsync(ZmtpBytes.Frame(0, hello), over);
                    Interlocked.Increment(ref handshakes[0]);
                }

                byte[] welcome = await peer.ReadFrameAsync(over);
                if (!whole || handshake.Receive(welcome).Reply is not { } initiate)
                    continue;
                await peer.SendAsync(ZmtpBytes.Frame(0, initiate), over);
                handshake.Receive(await peer.ReadFrameAsync(over)).Session?.Dispose();
                Interlocked.Increment(ref handshakes[1]);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // Sent away, or over.
            }
        }
    }

    private static async Task ForgeAsync(Fleet fleet, string from, CancellationToken over)
    {
        byte[] forged = [.. CurveCommands.InitiateName, .. new byte[300]];
        while (!over.IsCancellationRequested)
        {
            try
            {
                using RawZmtp peer = await RawZmtp.ConnectAsync(fleet.Server.ReceivePort, from, over);
                await peer.GreetAsync("DEALER", over);
                for (int i = 0; i < 20; i++)
                    await peer.SendAsync(ZmtpBytes.Frame(0, forged), over);
                await peer.ReadToEndAsync(over);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // Sent away, or over.
            }
        }
    }
}
