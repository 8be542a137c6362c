using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

public sealed class OutboundQueueTests
{
    private static readonly GateLimits Limits = new() { OutboundBytes = 1L << 30 };

    [Fact]
    public async Task A_peer_to_which_a_send_fails_is_cut_and_not_left_without_it()
    {
        (Socket ours, Socket theirs) = await ConnectedAsync();
        using Socket peer = theirs;
        OutboundQueue queue = QueueTo(ours);
        Task<int> reading = QuietSocket.TryReceiveAsync(ours, new byte[1]).AsTask();
        ours.Shutdown(SocketShutdown.Send);

        Send(queue, 100);

        Assert.Equal(0, await reading.WaitAsync(Patience));
    }

    [Fact]
    public async Task A_peer_to_which_a_send_fails_while_more_waits_is_cut()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "a send under way goes on there");
        (Socket ours, Socket theirs) = await ConnectedAsync();
        using Socket peer = theirs;
        OutboundQueue queue = QueueTo(ours);
        Task<int> reading = QuietSocket.TryReceiveAsync(ours, new byte[1]).AsTask();
        // More than the kernel ever takes for a peer that does not read.
        for (int message = 0; message < 50; message++)
            Send(queue, 1_000_000);
        Assert.False(queue.Draining.IsCompleted);
        ours.Shutdown(SocketShutdown.Send);

        await queue.Draining.WaitAsync(Patience);
        Assert.Equal(0, await reading.WaitAsync(Patience));
    }

    private static OutboundQueue QueueTo(Socket socket)
    {
        var clock = new GateClock(TimeProvider.System);
        return new OutboundQueue(
            socket,
            new OutboundRoom(Limits, new OutboundShare(1L << 30)),
            new ConnectionDeadlines(clock, Limits, new DeadlineSweep(clock, TimeSpan.FromSeconds(1), NullLogger.Instance)),
            Limits.BufferBytes,
            () => Assert.Fail("nobody asked for the end"));
    }

    private static void Send(OutboundQueue queue, int bytes)
    {
        byte[]? copy = null;
        Assert.True(queue.Send(new byte[bytes], ref copy, hasRoom: false));
    }
}
