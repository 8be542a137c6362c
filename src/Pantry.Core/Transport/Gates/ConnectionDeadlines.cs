namespace Pantry.Transport.Gates;

/// <summary>
/// What a connection has to do by when: numbers that the gate's sweep looks at, not timers. Set from the connection's own
/// tasks, read by the sweep.
/// </summary>
internal sealed class ConnectionDeadlines(GateClock clock, GateLimits limits, DeadlineSweep sweep)
{
    private long _inbound = GateClock.Never;
    private GateRefusal _inboundReason;
    private long _outbound = GateClock.Never;
    private long _close = GateClock.Never;
    private long _drain = GateClock.Never;
    private long _lastActivity = clock.Now;

    // Without a byte until then, it is idle; every byte moves it.
    private long IdleAt => limits.IdleTimeout is { } idle ? Volatile.Read(ref _lastActivity) + (long)Math.Ceiling(idle.TotalMilliseconds) + 1 : GateClock.Never;

    /// <summary>The peer has to say something, or its endpoint to answer.</summary>
    public void Expect(TimeSpan span, GateRefusal reason)
    {
        _inboundReason = reason;
        Set(ref _inbound, span);
    }

    /// <summary>It did.</summary>
    public void Met() => Volatile.Write(ref _inbound, GateClock.Never);

    /// <summary>The peer has to take a piece.</summary>
    public void ExpectTaking() => Set(ref _outbound, limits.StallTimeout);

    /// <summary>It did.</summary>
    public void Taken() => Volatile.Write(ref _outbound, GateClock.Never);

    /// <summary>What was said to the peer before its dismissal has to leave.</summary>
    public void ExpectDrain() => Set(ref _drain, limits.DrainTimeout);

    /// <summary>One side has closed, the other has to follow.</summary>
    /// <returns>False if that was so already.</returns>
    public bool ExpectClose()
    {
        Volatile.Write(ref _drain, GateClock.Never);
        long due = clock.In(limits.CloseTimeout);
        if (Interlocked.CompareExchange(ref _close, due, GateClock.Never) != GateClock.Never)
            return false;
        sweep.Expect(due);
        return true;
    }

    public void MarkActivity()
    {
        if (limits.IdleTimeout is not null)
            Volatile.Write(ref _lastActivity, clock.Now);
    }

    /// <summary>What has to be done now. What is still to come is named to the sweep again.</summary>
    public DeadlineVerdict Check(long now, out GateRefusal reason)
    {
        long inbound = Volatile.Read(ref _inbound), outbound = Volatile.Read(ref _outbound), close = Volatile.Read(ref _close), drain = Volatile.Read(ref _drain), idle = IdleAt;
        reason = now >= inbound ? _inboundReason : now >= outbound ? GateRefusal.PeerStalled : GateRefusal.None;
        if (reason != GateRefusal.None)
            return DeadlineVerdict.Cut;
        if (now >= close)
            return DeadlineVerdict.Close;
        sweep.Expect(Math.Min(Math.Min(inbound, outbound), close));
        if (now >= drain)
            return DeadlineVerdict.BeginClose;
        sweep.Expect(Math.Min(drain, idle));
        if (now < idle)
            return DeadlineVerdict.None;
        reason = GateRefusal.IdleTimeout;
        return DeadlineVerdict.Cut;
    }

    // It is set before it is named, with a fence between: a look that is under way sees it, or it is what wakes the next one.
    private void Set(ref long deadline, TimeSpan span)
    {
        long due = clock.In(span);
        Interlocked.Exchange(ref deadline, due);
        sweep.Expect(Math.Min(due, IdleAt));
    }
}

/// <summary>What the deadlines of a connection demand.</summary>
internal enum DeadlineVerdict
{
    None,

    /// <summary>The connection is refused for the reason given.</summary>
    Cut,

    /// <summary>Our endpoint has not said the end in time; the peer gets it now, and has until the closing deadline.</summary>
    BeginClose,

    /// <summary>One side has closed and the other takes too long; nothing to count.</summary>
    Close,
}
