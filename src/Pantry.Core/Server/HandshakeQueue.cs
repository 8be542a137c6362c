using Pantry.Transport;

namespace Pantry.Server;

/// <summary>A command of a handshake that waits.</summary>
internal readonly record struct WaitingHandshake(PeerId Peer, byte[] Command, UInt128 Share);

/// <summary>
/// Commands of handshakes in line, in three classes: those who have shown with a cookie that they answer, those from addresses of known
/// clients, and all others. With too many of one address it takes no more of that; when it is full, the newest of the lowest
/// class gives way to a higher one. By one caller at a time.
/// </summary>
internal sealed class HandshakeQueue(int capacity, int perAddress)
{
    private readonly LinkedList<WaitingHandshake>[] _classes = [new(), new(), new()];
    private readonly Dictionary<PeerId, LinkedListNode<WaitingHandshake>> _places = [];
    private readonly Dictionary<UInt128, int> _ofAddress = [];

    public int Count => _places.Count;

    /// <summary>How many have given way to a higher class.</summary>
    public long Evicted { get; private set; }

    /// <summary>Whether a command of the peer's waits in the class that comes first.</summary>
    public bool IsFirstClass(PeerId peer) => _places.TryGetValue(peer, out LinkedListNode<WaitingHandshake>? place) && place.List == _classes[0];

    /// <param name="peer">Whose it is; what it had in line before gives way, and who only asks again keeps the place.</param>
    /// <param name="command">The command.</param>
    /// <param name="share">Whose share of places it takes: see <see cref="Transport.Gates.AddressShare"/>.</param>
    /// <param name="priority">Class, from 0, which comes first.</param>
    public bool TryAdd(PeerId peer, byte[] command, UInt128 share, int priority)
    {
        if (_places.TryGetValue(peer, out LinkedListNode<WaitingHandshake>? place) && place.List == _classes[priority] && place.Value.Share == share)
        {
            place.Value = new WaitingHandshake(peer, command, share);
            return true;
        }

        Remove(peer);
        int others = _ofAddress.GetValueOrDefault(share);
        if (others >= perAddress || (_places.Count >= capacity && !MakeRoom(priority)))
            return false;
        _ofAddress[share] = _ofAddress.GetValueOrDefault(share) + 1;
        _places[peer] = _classes[priority].AddLast(new WaitingHandshake(peer, command, share));
        return true;
    }

    /// <summary>The next in line; null where nobody waits.</summary>
    public WaitingHandshake? Take()
    {
        foreach (LinkedList<WaitingHandshake> waiting in _classes)
        {
            if (waiting.First is not { } first)
                continue;
            Remove(first.Value.Peer);
            return first.Value;
        }

        return null;
    }

    public void Remove(PeerId peer)
    {
        if (!_places.Remove(peer, out LinkedListNode<WaitingHandshake>? place))
            return;
        place.List!.Remove(place);
        UInt128 share = place.Value.Share;
        if (--_ofAddress[share] == 0)
            _ofAddress.Remove(share);
    }

    // The newest: who has waited longest comes soonest, and to begin anew would cost it most.
    private bool MakeRoom(int priority)
    {
        for (int lower = _classes.Length - 1; lower > priority; lower--)
        {
            if (_classes[lower].Last is not { } newest)
                continue;
            Remove(newest.Value.Peer);
            Evicted++;
            return true;
        }

        return false;
    }
}
