using Pantry.Security;

namespace Pantry.Server;

/// <summary>
/// Runs of clients that an operator took off the list: a link that breaks in that moment keeps them from hearing it, and they
/// would come back as strangers who wait for approval. Of too many the oldest are forgotten, and wait.
/// </summary>
internal sealed class RemovedRuns
{
    private const int Most = 4096;

    private readonly Lock _lock = new();
    private readonly HashSet<(PublicKey Key, string Instance)> _runs = [];
    private readonly Queue<(PublicKey Key, string Instance)> _order = new();

    public void Add(PublicKey key, string instance)
    {
        lock (_lock)
        {
            if (!_runs.Add((key, instance)))
                return;
            _order.Enqueue((key, instance));
            if (_order.Count > Most)
                _runs.Remove(_order.Dequeue());
        }
    }

    public bool Has(PublicKey key, string instance)
    {
        lock (_lock)
            return _runs.Contains((key, instance));
    }
}
