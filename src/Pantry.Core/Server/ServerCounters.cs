using System.Collections.Concurrent;

namespace Pantry.Server;

/// <summary>What the server counts; any thread.</summary>
internal sealed class ServerCounters
{
    private readonly ConcurrentDictionary<string, long> _dropped = new();
    private long _published;
    private long _sentDirectly;
    private long _received;

    public void Published() => Interlocked.Increment(ref _published);

    public void SentDirectly() => Interlocked.Increment(ref _sentDirectly);

    public void Received() => Interlocked.Increment(ref _received);

    public void Dropped(string reason) => _dropped.AddOrUpdate(reason, 1, static (_, count) => count + 1);

    public ServerStatistics Snapshot() => new()
    {
        OrdersPublished = Interlocked.Read(ref _published),
        OrdersSentDirectly = Interlocked.Read(ref _sentDirectly),
        MessagesReceived = Interlocked.Read(ref _received),
        MessagesDropped = new SortedDictionary<string, long>(_dropped),
    };
}
