namespace Pantry.Transport.Gates;

/// <summary>Bytes that wait for slow peers, shared by all connections of a gate. Safe from any thread.</summary>
internal sealed class OutboundShare(long total)
{
    private long _taken;

    /// <summary>Bytes that are taken now.</summary>
    public long Taken => Interlocked.Read(ref _taken);

    /// <summary>Takes bytes if there are so many left.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _taken, bytes) <= total)
            return true;
        Interlocked.Add(ref _taken, -bytes);
        return false;
    }

    /// <summary>Takes bytes whether there are so many left or not.</summary>
    public void Take(long bytes) => Interlocked.Add(ref _taken, bytes);

    public void Return(long bytes) => Interlocked.Add(ref _taken, -bytes);
}
