using Microsoft.Extensions.Logging.Abstractions;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Transport;

public sealed class SocketLoopTests
{
    [Fact]
    public async Task A_handler_that_throws_costs_its_message_and_nothing_else()
    {
        await using SocketLoop loop = NewLoop();
        var received = new TaskCompletionSource<string>();
        int port = await loop.InvokeAsync(() =>
        {
            var router = new RouterSocket();
            int bound = router.BindRandomPort("tcp://127.0.0.1");
            loop.Add(router, () =>
            {
                string text = router.ReceiveMultipartMessage().Last.ConvertToString();
                if (text == "bad")
                    throw new InvalidOperationException("a defect");
                received.TrySetResult(text);
                return true;
            });
            return bound;
        });
        using var dealer = new DealerSocket($"tcp://127.0.0.1:{port}");

        dealer.SendFrame("bad");
        dealer.SendFrame("good");

        Assert.Equal("good", await received.Task.WaitAsync(Fleet.Deadline));
        await Assert.ThrowsAsync<InvalidOperationException>(() => loop.InvokeAsync<int>(() => throw new InvalidOperationException("a defect")));
        Assert.Equal(7, await loop.InvokeAsync(() => 7));
    }

    [Fact]
    public async Task What_was_accepted_before_the_loop_stopped_is_done_and_what_comes_later_is_told()
    {
        SocketLoop loop = NewLoop();
        int done = 0;
        for (int i = 0; i < 1_000; i++)
            Assert.True(await loop.PostAsync(() => Interlocked.Increment(ref done)));

        await loop.DisposeAsync().AsTask().WaitAsync(Fleet.Deadline);

        Assert.Equal(1_000, done);
        Assert.False(await loop.PostAsync(() => Interlocked.Increment(ref done)));
        Assert.Equal(PantryErrorCode.Stopped, (await Assert.ThrowsAsync<PantryException>(() => loop.InvokeAsync(() => 1))).Code);
        Assert.True(loop.Ended.IsCompleted);
    }

    [Fact]
    public void NetMQs_defaults_are_overridden()
    {
        using var socket = new DealerSocket();

        SocketDefaults.Apply();
        SocketDefaults.Apply(socket, maxFrameBytes: 1234, TimeSpan.FromSeconds(3));

        Assert.Equal(
            (10_000, 10_000, 1234L, TimeSpan.FromSeconds(3), 1024),
            (socket.Options.SendHighWatermark, socket.Options.ReceiveHighWatermark, socket.Options.MaxMsgSize, socket.Options.Linger, socket.Options.Backlog));
        Assert.True(NetMQConfig.MaxSockets >= 65_536);
    }

    private static SocketLoop NewLoop() => SocketLoop.Start("test", 64, NullLogger.Instance);
}
