using NetMQ;
using NetMQ.Sockets;
using Pantry.Transport;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport;

public sealed class EndedPeersTests
{
    private readonly SetClock _time = new();
    private readonly InboundQueue<ServerEvent> _inbound = new(1, () => { });

    [Fact]
    public void An_end_waits_for_what_the_socket_has_to_read_and_for_room()
    {
        using RouterSocket router = Router(out int port);
        var ended = new EndedPeers(router, ServerPort.File, _inbound, _time);
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{port}");
        TaskCompletionSource first = AddWhileBusy(ended, router, dealer, 1);
        var second = new TaskCompletionSource();
        ended.Add(2, second);
        Assert.False(first.Task.IsCompleted);

        NetMQMessage? read = null;
        Assert.True(router.TryReceiveMultipartMessage(Patience, ref read));
        ended.Tell();
        Assert.True(first.Task.IsCompleted);
        Assert.False(second.Task.IsCompleted, "the queue has room for one");
        ended.Tell();
        Assert.False(second.Task.IsCompleted, "the queue has room for one");
    }

    [Fact]
    public void A_socket_that_is_never_empty_does_not_keep_ends_from_being_told()
    {
        using RouterSocket router = Router(out int port);
        var ended = new EndedPeers(router, ServerPort.Receive, _inbound, _time);
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{port}");
        TaskCompletionSource told = AddWhileBusy(ended, router, dealer, 1);
        _time.Seconds = 4;
        ended.Tell();
        Assert.False(told.Task.IsCompleted);

        _time.Seconds = 6;
        ended.Tell();

        Assert.True(told.Task.IsCompleted);
        Assert.True(router.HasIn);
    }

    private static TaskCompletionSource AddWhileBusy(EndedPeers ended, RouterSocket router, DealerSocket dealer, ulong number)
    {
        Assert.True(dealer.TrySendFrame(Patience, "unread"));
        Assert.True(SpinWait.SpinUntil(() => router.HasIn, Patience), "nothing came");
        var told = new TaskCompletionSource();
        ended.Add(number, told);
        return told;
    }

    private sealed class SetClock : TimeProvider
    {
        public int Seconds { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Seconds;
    }
}
