using Pantry.Server;
using Pantry.Transport;

namespace Pantry.Tests.Server;

/// <summary>Who comes next when more handshakes wait than there is time for.</summary>
public sealed class HandshakeQueueTests
{
    private readonly HandshakeQueue _queue = new(capacity: 4, perAddress: 3);

    [Fact]
    public void Who_asks_again_keeps_the_place_and_is_answered_for_what_was_asked_last()
    {
        _queue.TryAdd(Peer(1), [1], "a", 1);
        _queue.TryAdd(Peer(2), [2], "a", 1);

        Assert.True(_queue.TryAdd(Peer(1), [11], "a", 1));

        Assert.Equal(new byte[] { 11 }, _queue.Take()!.Value.Command);
        Assert.Equal(Peer(2), _queue.Take()!.Value.Peer);
        Assert.Null(_queue.Take());
    }

    [Fact]
    public void Who_has_shown_to_answer_goes_before_all_others()
    {
        _queue.TryAdd(Peer(1), [1], "a", 2);
        _queue.TryAdd(Peer(2), [2], "a", 1);

        Assert.True(_queue.TryAdd(Peer(1), [11], "a", 0));

        Assert.Equal(new byte[] { 11 }, _queue.Take()!.Value.Command);
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public void Asking_again_takes_no_further_place_of_an_addresss_share()
    {
        for (int again = 0; again < 10; again++)
        {
            for (ulong peer = 1; peer <= 3; peer++)
                Assert.True(_queue.TryAdd(Peer(peer), [1], "a", 1));
        }

        Assert.False(_queue.TryAdd(Peer(4), [1], "a", 1));
        Assert.True(_queue.TryAdd(Peer(4), [1], "b", 1));
        Assert.Equal(4, _queue.Count);
    }

    private static PeerId Peer(ulong number) => new(ServerPort.Receive, number);
}
