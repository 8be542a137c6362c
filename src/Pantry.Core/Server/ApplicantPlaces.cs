using Pantry.Transport;

namespace Pantry.Server;

/// <summary>
/// Places for the sessions of those who are not let in: so many in all, and a share of them for each address, so that one
/// does not keep out the others. From any thread.
/// </summary>
internal sealed class ApplicantPlaces(int capacity, int perAddress)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, UInt128> _places = [];
    private readonly Dictionary<UInt128, int> _ofAddress = [];

    public int Count
    {
        get
        {
            lock (_lock)
                return _places.Count;
        }
    }

    /// <summary>Takes a place; who has one keeps it.</summary>
    /// <param name="peer">Whose it is.</param>
    /// <param name="share">Whose share it is of: see <see cref="Transport.Gates.AddressShare"/>.</param>
    public bool TryEnter(PeerId peer, UInt128 share)
    {
        lock (_lock)
        {
            if (_places.ContainsKey(peer))
                return true;
            int others = _ofAddress.GetValueOrDefault(share);
            if (_places.Count >= capacity || others >= perAddress)
                return false;
            _places[peer] = share;
            _ofAddress[share] = others + 1;
            return true;
        }
    }

    /// <summary>Gives a place back, where there is one.</summary>
    public void Leave(PeerId peer)
    {
        lock (_lock)
        {
            if (!_places.Remove(peer, out UInt128 share))
                return;
            if (--_ofAddress[share] == 0)
                _ofAddress.Remove(share);
        }
    }

    /// <summary>Gives back the places of those who need none any more.</summary>
    public void Prune(Func<PeerId, bool> needsPlace)
    {
        PeerId[] peers;
        lock (_lock)
            peers = [.. _places.Keys];
        foreach (PeerId peer in peers.Where(peer => !needsPlace(peer)))
            Leave(peer);
    }
}
