namespace Pantry.Client;

/// <summary>The orders a client has taken, so that it runs none twice; the oldest are forgotten beyond a limit.</summary>
internal sealed class SeenOrders(int capacity)
{
    private readonly HashSet<string> _seen = [];
    private readonly Queue<string> _inOrder = new();

    /// <summary>False where the order was taken before.</summary>
    public bool TryAdd(string job)
    {
        lock (_seen)
        {
            if (!_seen.Add(job))
                return false;
            _inOrder.Enqueue(job);
            if (_inOrder.Count > capacity)
                _seen.Remove(_inOrder.Dequeue());
            return true;
        }
    }
}
