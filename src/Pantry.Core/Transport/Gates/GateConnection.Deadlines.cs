namespace Pantry.Transport.Gates;

internal sealed partial class GateConnection
{
    private long _inboundDeadline = GateClock.Never;
    private GateRefusal _inboundReason;
    private long _outboundDeadline = GateClock.Never;
    private long _closeDeadline = GateClock.Never;
    private long _lastActivity = context.Clock.Now;

    /// <summary>Cuts the connection if one of its deadlines has passed. Called by the gate's sweep.</summary>
    public void Check(long now)
    {
        if (now >= Volatile.Read(ref _inboundDeadline))
            Cut(_inboundReason);
        else if (now >= Volatile.Read(ref _outboundDeadline))
            Cut(GateRefusal.PeerStalled);
        else if (now >= Volatile.Read(ref _closeDeadline))
            Close();
        else if (now >= Volatile.Read(ref _drainDeadline))
            EndDrain();
        else if (context.Limits.IdleTimeout is { } idle && now - Volatile.Read(ref _lastActivity) > idle.TotalMilliseconds)
            Cut(GateRefusal.IdleTimeout);
    }

    /// <summary>Ends a connection of which one side has closed and the other takes too long; nothing to count.</summary>
    private void Close()
    {
        _life.Cancel();
        Abort(foreign);
        if (Volatile.Read(ref _backend) is { } backend)
            Abort(backend);
    }

    private void SetDeadline(ref long deadline, TimeSpan span, GateRefusal reason)
    {
        _inboundReason = reason;
        Volatile.Write(ref deadline, context.Clock.In(span));
    }

    private static void ClearDeadline(ref long deadline) => Volatile.Write(ref deadline, GateClock.Never);

    private void MarkActivity()
    {
        if (context.Limits.IdleTimeout is not null)
            Volatile.Write(ref _lastActivity, context.Clock.Now);
    }
}
