namespace Pantry.Transport.Gates;

/// <summary>
/// Exponential back-off with full jitter: any wait from zero to a bound that doubles up to a cap. A fleet that lost
/// its server together does not come back together. But for short outages nobody waits longer than it has been away: who
/// drew short waits has failed often by then, and would be the last to come back.
/// </summary>
/// <param name="First">Bound of the first wait.</param>
/// <param name="Cap">Bound of every wait.</param>
/// <param name="ShortOutage">An outage that is shorter counts as this long: a fleet has this time to come back in.</param>
internal sealed record Backoff(TimeSpan First, TimeSpan Cap, TimeSpan ShortOutage)
{
    /// <summary>The wait before an attempt.</summary>
    /// <param name="failures">Attempts that failed in a row, from 1.</param>
    /// <param name="away">For how long there has been no link.</param>
    /// <param name="random">From 0 up to and without 1.</param>
    public TimeSpan Wait(int failures, TimeSpan away, double random)
    {
        double grown = First.TotalMilliseconds * Math.Pow(2, Math.Max(0, failures - 1));
        double most = Math.Min(Cap.TotalMilliseconds, Math.Max(ShortOutage.TotalMilliseconds, away.TotalMilliseconds));
        return TimeSpan.FromMilliseconds(Math.Min(grown, most) * random);
    }
}
