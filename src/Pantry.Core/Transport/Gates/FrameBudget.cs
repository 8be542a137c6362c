namespace Pantry.Transport.Gates;

/// <summary>Bytes shared by all connections of a gate, given in order of asking.</summary>
internal sealed class FrameBudget(long total)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Waiter> _waiters = [];
    private readonly long _total = total;
    private long _left = total;

    /// <summary>Bytes that are taken now.</summary>
    public long Taken
    {
        get
        {
            lock (_lock)
                return _total - _left;
        }
    }

    /// <summary>Takes bytes if they are there and nobody waits.</summary>
    public bool TryTake(long bytes)
    {
        lock (_lock)
        {
            if (_waiters.Count > 0 || bytes > _left)
                return false;
            _left -= bytes;
            return true;
        }
    }

    /// <summary>Takes bytes when they are there; a cancelled wait has taken nothing.</summary>
    public async Task TakeAsync(long bytes, CancellationToken cancel)
    {
        var waiter = new Waiter(bytes);
        lock (_lock)
            _waiters.AddLast(waiter);
        GiveOut();
        using (cancel.Register(() => Forget(waiter)))
            await waiter.Granted.Task;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(long bytes)
    {
        if (bytes == 0)
            return;
        lock (_lock)
            _left += bytes;
        GiveOut();
    }

    private void GiveOut()
    {
        while (true)
        {
            Waiter next;
            lock (_lock)
            {
                if (_waiters.First is not { } first || first.Value.Bytes > _left)
                    return;
                next = first.Value;
                _waiters.RemoveFirst();
                _left -= next.Bytes;
            }

            next.Granted.SetResult();
        }
    }

    private void Forget(Waiter waiter)
    {
        bool removed;
        lock (_lock)
            removed = _waiters.Remove(waiter);
        if (!removed)
            return;
        waiter.Granted.SetCanceled();
        // Those behind may fit where this one did not.
        GiveOut();
    }

    private sealed class Waiter(long bytes)
    {
        public long Bytes { get; } = bytes;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
