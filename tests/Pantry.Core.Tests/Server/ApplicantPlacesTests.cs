using Pantry.Server;
using Pantry.Transport;

namespace Pantry.Tests.Server;

/// <summary>Who that is not let in has a place.</summary>
public sealed class ApplicantPlacesTests
{
    private readonly ApplicantPlaces _places = new(capacity: 3, perAddress: 2);

    [Fact]
    public void An_address_has_its_share_and_leaves_the_rest_to_others()
    {
        Assert.True(_places.TryEnter(Peer(1), 1));
        Assert.True(_places.TryEnter(Peer(2), 1));
        Assert.False(_places.TryEnter(Peer(3), 1));
        Assert.True(_places.TryEnter(Peer(4), 2));
        Assert.False(_places.TryEnter(Peer(5), 3));

        _places.Leave(Peer(3));
        _places.Leave(Peer(1));

        Assert.True(_places.TryEnter(Peer(5), 3));
        Assert.Equal(3, _places.Count);
    }

    [Fact]
    public void Who_has_a_place_keeps_it_and_takes_no_other()
    {
        for (int again = 0; again < 5; again++)
            Assert.True(_places.TryEnter(Peer(1), 1));

        Assert.Equal(1, _places.Count);
    }

    [Fact]
    public void Who_needs_no_place_any_more_gives_it_back()
    {
        for (ulong peer = 1; peer <= 3; peer++)
            _places.TryEnter(Peer(peer), peer);

        _places.Prune(peer => peer == Peer(2));

        Assert.Equal(1, _places.Count);
        Assert.True(_places.TryEnter(Peer(4), 2));
    }

    private static PeerId Peer(ulong number) => new(ServerPort.Receive, number);
}
