using System.Collections.Concurrent;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Server;

/// <summary>What the server counts; any thread.</summary>
internal sealed class ServerCounters
{
    private readonly ConcurrentDictionary<string, long> _dropped = new();
    private readonly ConcurrentDictionary<CommandStatus, long> _rows = new();
    private long _chunkBytesSent;
    private long _chunkBytesReceived;
    private long _published;
    private long _sentDirectly;
    private long _received;

    public void Published() => Interlocked.Increment(ref _published);

    public void SentDirectly() => Interlocked.Increment(ref _sentDirectly);

    public void Received() => Interlocked.Increment(ref _received);

    public void Dropped(string reason) => _dropped.AddOrUpdate(reason, 1, static (_, count) => count + 1);

    public void Row(CommandStatus status) => _rows.AddOrUpdate(status, 1, static (_, count) => count + 1);

    public void ChunkSent(int bytes) => Interlocked.Add(ref _chunkBytesSent, bytes);

    public void ChunkReceived(int bytes) => Interlocked.Add(ref _chunkBytesReceived, bytes);

    /// <summary>Rows that were written since the start, by status.</summary>
    public IReadOnlyDictionary<CommandStatus, long> Rows => _rows;

    /// <summary>Bytes of chunks of files that went to peers and came from them.</summary>
    public (long Sent, long Received) ChunkBytes => (Interlocked.Read(ref _chunkBytesSent), Interlocked.Read(ref _chunkBytesReceived));

    /// <summary>Messages that were dropped, by reason.</summary>
    public IReadOnlyDictionary<string, long> DroppedMessages => _dropped;

    /// <summary>All that was counted, here and by the transport and its gates.</summary>
    public ServerStatistics Snapshot(ServerTransport transport)
    {
        var dropped = new SortedDictionary<string, long>(_dropped);
        foreach ((string name, long count) in (ReadOnlySpan<(string, long)>)[("Stray", transport.Strays), ("SubscriberSlow", transport.Missed)])
        {
            if (count > 0)
                dropped[name] = count;
        }

        var refused = new SortedDictionary<string, long>();
        long admitted = 0, open = 0;
        foreach (GateCounters gate in transport.GateCounters)
        {
            admitted += gate.Admitted;
            open += gate.Open;
            foreach (GateRefusal reason in Enum.GetValues<GateRefusal>())
            {
                if (gate.Refused(reason) is > 0 and long count)
                    refused[reason.ToString()] = refused.GetValueOrDefault(reason.ToString()) + count;
            }
        }

        return new ServerStatistics
        {
            OrdersPublished = Interlocked.Read(ref _published),
            OrdersSentDirectly = Interlocked.Read(ref _sentDirectly),
            MessagesReceived = Interlocked.Read(ref _received),
            MessagesDropped = dropped,
            ConnectionsAdmitted = admitted,
            ConnectionsOpen = (int)open,
            ConnectionsRefused = refused,
        };
    }
}
