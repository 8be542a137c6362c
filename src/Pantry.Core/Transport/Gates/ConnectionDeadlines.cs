namespace Pantry.Transport.Gates;

/// <summary>
/// What a connection has to do by when: numbers that the gate's sweep looks at, not timers. Set from the connection's own
/// tasks, read by the sweep.
/// </summary>
internal sealed class ConnectionDeadlines(GateClock clock, GateLimits limits)
{
    private long _inbound = GateClock.Never;
    private GateRefusal _inboundReason;
    private long _outbound = GateClock.Never;
    private long _close = GateClock.Never;
    private long _drain = GateClock.Never;
    private long _lastActivity = clock.Now;

    /// <summary>The peer has to say something, or its endpoint to answer.</summary>
    public void Expect(TimeSpan span, GateRefusal reason)
    {
        _inboundReason = reason;
        Volatile.Write(ref _inbound, clock.In(span));
    }

    /// <summary>It did.</summary>
    public void Met() => Volatile.Write(ref _inbound, GateClock.Never);

    /// <summary>The peer has to take a piece.</summary>
    public void ExpectTaking() => Volatile.Write(ref _outbound, clock.In(limits.StallTimeout));

    /// <summary>It did.</summary>
    public void Taken() => Volatile.Write(ref _outbound, GateClock.Never);

    /// <summary>What was said to the peer before its dismissal has to leave.</summary>
    public void ExpectDrain() => Volatile.Write(ref _drain, clock.In(limits.DrainTimeout));

    /// <summary>One side has closed, the other has to follow.</summary>
    /// <returns>False if that was so already.</returns>
    public bool ExpectClose()
    {
        Volatile.Write(ref _drain, GateClock.Never);
        return Interlocked.CompareExchange(ref _close, clock.In(limits.CloseTimeout), GateClock.Never) == GateClock.Never;
    }

    public void MarkActivity()
    {
        if (limits.IdleTimeout is not null)
            Volatile.Write(ref _lastActivity, clock.Now);
    }

    /// <summary>What has to be done now.</summary>
    public DeadlineVerdict Check(long now, out GateRefusal reason)
    {
        reason = GateRefusal.None;
        if (now >= Volatile.Read(ref _inbound))
            reason = _inboundReason;
        else if (now >= Volatile.Read(ref _outbound))
            reason = GateRefusal.PeerStalled;
        else if (now >= Volatile.Read(ref _close))
            return DeadlineVerdict.Close;
        else if (now >= Volatile.Read(ref _drain))
            return DeadlineVerdict.BeginClose;
        else if (limits.IdleTimeout is { } idle && now - Volatile.Read(ref _lastActivity) > idle.TotalMilliseconds)
            reason = GateRefusal.IdleTimeout;
        return reason == GateRefusal.None ? DeadlineVerdict.None : DeadlineVerdict.Cut;
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
