namespace Pantry.Transport.Gates;

internal sealed partial class GateConnection
{
    private EndMark? _mark;
    private long _drainDeadline = GateClock.Never;

    /// <summary>Whether our side wants nothing more of the peer.</summary>
    public bool IsDismissed => Volatile.Read(ref _mark) is not null;

    /// <summary>
    /// Ends the connection once the mark has come from the endpoint, which is to send it after its last message; at the
    /// drain's deadline without it.
    /// </summary>
    /// <returns>False if that is under way already.</returns>
    public bool Dismiss(EndMark mark)
    {
        if (Interlocked.CompareExchange(ref _mark, mark, null) is not null)
            return false;
        context.Counters.CountRefused(GateRefusal.Dismissed);
        Volatile.Write(ref _drainDeadline, context.Clock.In(context.Limits.DrainTimeout));
        return true;
    }

    /// <summary>The mark did not come, or what is before it is not taken: the endpoint's side ends, the peer has until the closing deadline.</summary>
    private void EndDrain()
    {
        ClearDeadline(ref _drainDeadline);
        BeginClose();
        if (Volatile.Read(ref _backend) is { } backend)
            Abort(backend);
    }
}
