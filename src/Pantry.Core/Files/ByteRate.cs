namespace Pantry.Files;

/// <summary>Keeps a flow of bytes below a rate. After a pause no more than a second's worth goes at once, and the piece behind it.</summary>
internal sealed class ByteRate(long bytesPerSecond, TimeProvider time)
{
    private readonly Lock _lock = new();
    private long _freeAt = time.GetTimestamp();

    /// <summary>Waits until so many bytes may go.</summary>
    public async ValueTask WaitAsync(int bytes, CancellationToken cancellation)
    {
        TimeSpan wait = Take(bytes);
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, time, cancellation).ConfigureAwait(false);
    }

    private TimeSpan Take(int bytes)
    {
        long second = time.TimestampFrequency, now = time.GetTimestamp();
        lock (_lock)
        {
            // Behind by a second at most: what was not used before is lost.
            long begin = Math.Max(_freeAt, now - second);
            _freeAt = begin + (long)(bytes * (double)second / bytesPerSecond);
            return TimeSpan.FromSeconds(Math.Max(0, begin - now) / (double)second);
        }
    }
}
