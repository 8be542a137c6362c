using Pantry.Transport;

namespace Pantry.Server;

/// <summary>A command of a handshake that waits.</summary>
internal readonly record struct WaitingHandshake(PeerId Peer, byte[] Command, string Address);

/// <summary>
/// Commands of handshakes in line, in three classes: those who have shown that they answer, those from addresses of known
/// clients, and all others. Full, or with too many of one address, it takes no more. By one caller at a time.
/// </summary>
internal sealed class HandshakeQueue(int capacity, int perAddress)
{
    private readonly LinkedList<WaitingHandshake>[] _classes = [new(), new(), new()];
    private readonly Dictionary<PeerId, LinkedListNode<WaitingHandshake>> _places = [];
    private readonly Dictionary<string, int> _ofAddress = new(StringComparer.Ordinal);

    public int Count => _places.Count;

    /// <param name="peer">Whose it is; what it had in line before gives way, and who only asks again keeps the place.</param>
    /// <param name="command">The command.</param>
    /// <param name="address">Where the peer is.</param>
    /// <param name="priority">Class, from 0, which comes first.</param>
    public bool TryAdd(PeerId peer, byte[] command, string address, int priority)
    {
        if (_places.TryGetValue(peer, out LinkedListNode<WaitingHandshake>? place) && place.List == _classes[priority] && place.Value.Address == address)
        {
            place.Value = new WaitingHandshake(peer, command, address);
            return true;
        }

        Remove(peer);
        int others = _ofAddress.GetValueOrDefault(address);
        if (_places.Count >= capacity || others >= perAddress)
            return false;
        _ofAddress[address] = others + 1;
        _places[peer] = _classes[priority].AddLast(new WaitingHandshake(peer, command, address));
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
        string address = place.Value.Address;
        if (--_ofAddress[address] == 0)
            _ofAddress.Remove(address);
    }
}
