using Pantry.Server;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Server;

/// <summary>Who comes next when more handshakes wait than there is time for.</summary>
public sealed class HandshakeQueueTests
{
    private readonly HandshakeQueue _queue = new(capacity: 4, perAddress: 3);

    [Fact]
    public void Who_asks_again_keeps_the_place_and_is_answered_for_what_was_asked_last()
    {
        _queue.TryAdd(Peer(1), [1], 1, 1);
        _queue.TryAdd(Peer(2), [2], 1, 1);

        Assert.True(_queue.TryAdd(Peer(1), [11], 1, 1));

        Assert.Equal(new byte[] { 11 }, _queue.Take()!.Value.Command);
        Assert.Equal(Peer(2), _queue.Take()!.Value.Peer);
        Assert.Null(_queue.Take());
    }

    [Fact]
    public void Who_has_shown_to_answer_goes_before_all_others()
    {
        _queue.TryAdd(Peer(1), [1], 1, 2);
        _queue.TryAdd(Peer(2), [2], 1, 1);

        Assert.True(_queue.TryAdd(Peer(1), [11], 1, 0));

        Assert.Equal(new byte[] { 11 }, _queue.Take()!.Value.Command);
        Assert.Equal(1, _queue.Count);
    }

    [Fact]
    public void Asking_again_takes_no_further_place_of_an_addresss_share()
    {
        for (int again = 0; again < 10; again++)
        {
            for (ulong peer = 1; peer <= 3; peer++)
                Assert.True(_queue.TryAdd(Peer(peer), [1], 1, 1));
        }

        Assert.False(_queue.TryAdd(Peer(4), [1], 1, 1));
        Assert.True(_queue.TryAdd(Peer(4), [1], 2, 1));
        Assert.Equal(4, _queue.Count);
    }

    [Fact]
    public void A_full_queue_drops_the_newest_of_the_lowest_class_for_one_of_a_higher_class()
    {
        _queue.TryAdd(Peer(1), [1], 1, 2);
        _queue.TryAdd(Peer(2), [2], 1, 1);
        _queue.TryAdd(Peer(3), [3], 2, 2);
        _queue.TryAdd(Peer(4), [4], 2, 1);

        Assert.True(_queue.TryAdd(Peer(5), [5], 3, 0));
        Assert.True(_queue.TryAdd(Peer(6), [6], 3, 1));
        Assert.False(_queue.TryAdd(Peer(7), [7], 3, 1), "its own class has no room to give");

        Assert.Equal(2, _queue.Evicted);
        Assert.Equal([5, 2, 4, 6], Enumerable.Range(0, 4).Select(_ => (int)_queue.Take()!.Value.Command[0]));
        Assert.Null(_queue.Take());
    }

    [Fact]
    public void Who_gives_way_takes_no_place_of_its_addresss_share_any_more()
    {
        for (ulong peer = 1; peer <= 3; peer++)
            _queue.TryAdd(Peer(peer), [1], 1, 2);
        _queue.TryAdd(Peer(4), [1], 2, 0);
        Assert.True(_queue.TryAdd(Peer(5), [1], 2, 0));

        _queue.Take();

        Assert.True(_queue.TryAdd(Peer(6), [1], 1, 2));
    }

    [Fact]
    public void All_addresses_of_a_64_bit_prefix_have_one_share()
    {
        for (ulong peer = 1; peer <= 3; peer++)
            Assert.True(_queue.TryAdd(Peer(peer), [1], AddressShare.Of($"2001:db8:1:2:{peer:x}::9"), 2));

        Assert.False(_queue.TryAdd(Peer(4), [1], AddressShare.Of("2001:db8:1:2:ffff::1"), 2));
        Assert.True(_queue.TryAdd(Peer(5), [1], AddressShare.Of("2001:db8:1:3::1"), 2));
        Assert.NotEqual(AddressShare.Of("192.0.2.1"), AddressShare.Of("192.0.2.2"));
        Assert.Equal(AddressShare.Of("192.0.2.1"), AddressShare.Of("::ffff:192.0.2.1"));
    }

    private static PeerId Peer(ulong number) => new(ServerPort.Receive, number);
}
