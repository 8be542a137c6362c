namespace Pantry.Transport.Gates;

/// <summary>
/// How much may wait for one peer. Whoever sends to it through our endpoint takes room first, so that a peer which does
/// not take its messages is seen before they are under way; the room is given back when the peer's TCP has them.
/// </summary>
internal sealed class OutboundRoom(GateLimits limits, OutboundShare share)
{
    private readonly Lock _lock = new();
    private long _taken;
    private bool _ended;

    /// <summary>Takes room for a message; false if too much waits already.</summary>
    public bool TryTake(long bytes)
    {
        lock (_lock)
        {
            if (_ended || (_taken > 0 && _taken + bytes > limits.OutboundBytes))
                return false;
            long shared = Shared(_taken + bytes) - Shared(_taken);
            // One message always may, or a share that is taken would silence all peers with a word longer than the free bytes.
            if (shared > 0 && !share.TryTake(shared))
            {
                if (_taken > 0)
                    return false;
                share.Take(shared);
            }

            _taken += bytes;
            return true;
        }
    }

    /// <summary>Takes room for what is half said and cannot be left out any more.</summary>
    public void Take(long bytes)
    {
        lock (_lock)
        {
            if (_ended)
                return;
            share.Take(Shared(_taken + bytes) - Shared(_taken));
            _taken += bytes;
        }
    }

    public void Return(long bytes)
    {
        lock (_lock)
        {
            long left = Math.Max(0, _taken - bytes);
            share.Return(Shared(_taken) - Shared(left));
            _taken = left;
        }
    }

    /// <summary>Nothing more is sent to the peer.</summary>
    public void End()
    {
        lock (_lock)
        {
            _ended = true;
            share.Return(Shared(_taken));
            _taken = 0;
        }
    }

    private long Shared(long bytes) => Math.Max(0, bytes - limits.OutboundFreeBytes);
}
