namespace Pantry.Transport.Gates;

/// <summary>
/// Exponential back-off with full jitter: any wait from zero to a bound that doubles up to a cap. A fleet that lost
/// its server together does not come back together.
/// </summary>
internal static class Backoff
{
    /// <summary>The wait before an attempt.</summary>
    /// <param name="failures">Attempts that failed in a row, from 1.</param>
    /// <param name="first">Bound of the first wait.</param>
    /// <param name="cap">Bound of every wait.</param>
    /// <param name="random">From 0 up to and without 1.</param>
    public static TimeSpan Wait(int failures, TimeSpan first, TimeSpan cap, double random)
    {
        double bound = Math.Min(cap.TotalMilliseconds, first.TotalMilliseconds * Math.Pow(2, Math.Max(0, failures - 1)));
        return TimeSpan.FromMilliseconds(bound * random);
    }
}
