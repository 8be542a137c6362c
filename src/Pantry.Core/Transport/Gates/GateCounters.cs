namespace Pantry.Transport.Gates;

/// <summary>What a gate has let in, has open, and has refused, by reason. Safe from any thread.</summary>
internal sealed class GateCounters
{
    private readonly long[] _refusals = new long[Enum.GetValues<GateRefusal>().Length];
    private long _accepted;
    private long _admitted;
    private long _open;
    private long _missed;

    /// <summary>TCP connections accepted or made.</summary>
    public long Accepted => Interlocked.Read(ref _accepted);

    /// <summary>Peers whose handshake was as it must be.</summary>
    public long Admitted => Interlocked.Read(ref _admitted);

    /// <summary>Connections open now, half-open ones included.</summary>
    public long Open => Interlocked.Read(ref _open);

    /// <summary>Published messages that did not reach a subscriber, because too much waits for it already.</summary>
    public long Missed => Interlocked.Read(ref _missed);

    /// <summary>Connections refused or cut for one reason.</summary>
    public long Refused(GateRefusal reason) => Interlocked.Read(ref _refusals[(int)reason]);

    /// <summary>All counters that are not zero, and the three above, by name.</summary>
    public IReadOnlyDictionary<string, long> Snapshot()
    {
        var all = new Dictionary<string, long>(StringComparer.Ordinal)
        {
            [nameof(Accepted)] = Accepted,
            [nameof(Admitted)] = Admitted,
            [nameof(Open)] = Open,
        };
        foreach (GateRefusal reason in Enum.GetValues<GateRefusal>())
        {
            if (Refused(reason) is > 0 and var count)
                all[reason.ToString()] = count;
        }

        return all;
    }

    internal void CountOpened()
    {
        Interlocked.Increment(ref _accepted);
        Interlocked.Increment(ref _open);
    }

    internal void CountClosed() => Interlocked.Decrement(ref _open);

    internal void CountAdmitted() => Interlocked.Increment(ref _admitted);

    internal void CountMissed() => Interlocked.Increment(ref _missed);

    internal void CountRefused(GateRefusal reason)
    {
        if (reason != GateRefusal.None)
            Interlocked.Increment(ref _refusals[(int)reason]);
    }
}
