namespace Pantry.Transport.Gates;

/// <summary>A rate with a burst. Time is handed in, in milliseconds; not safe from several threads.</summary>
internal struct TokenBucket(double perSecond, double burst, long now)
{
    private readonly double _burst = burst;
    private double _tokens = burst;
    private long _last = now;

    /// <summary>Takes what has already been used; a debt is paid by waiting.</summary>
    /// <returns>How long to wait, zero if within the rate.</returns>
    public TimeSpan Spend(double amount, long now)
    {
        Refill(now);
        _tokens -= amount;
        return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / perSecond);
    }

    /// <summary>Takes one if there is one.</summary>
    public bool TryTake(long now)
    {
        Refill(now);
        if (_tokens < 1)
            return false;
        _tokens--;
        return true;
    }

    /// <summary>Whether nothing of the burst is used, so that the bucket may be forgotten.</summary>
    public bool IsFull(long now)
    {
        Refill(now);
        return _tokens >= _burst;
    }

    private void Refill(long now)
    {
        if (now <= _last)
            return;
        _tokens = Math.Min(_burst, _tokens + ((now - _last) * perSecond / 1000));
        _last = now;
    }
}
