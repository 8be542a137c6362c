namespace Pantry.Server;

/// <summary>Addresses where approved clients were seen; their handshakes come before those of strangers. The oldest are forgotten beyond a bound.</summary>
internal sealed class KnownAddresses
{
    private const int Most = 50_000;

    private readonly Lock _lock = new();
    private readonly HashSet<string> _addresses = new(StringComparer.Ordinal);
    private readonly Queue<string> _inOrder = new();

    public void Add(string address)
    {
        lock (_lock)
        {
            if (address.Length == 0 || !_addresses.Add(address))
                return;
            _inOrder.Enqueue(address);
            if (_inOrder.Count > Most)
                _addresses.Remove(_inOrder.Dequeue());
        }
    }

    public bool Contains(string address)
    {
        lock (_lock)
            return _addresses.Contains(address);
    }
}
