namespace Pantry.Transport.Gates;

/// <summary>Milliseconds since the gate was made, from a <see cref="TimeProvider"/>.</summary>
internal sealed class GateClock(TimeProvider time)
{
    /// <summary>A moment that never comes.</summary>
    public const long Never = long.MaxValue;

    private readonly long _origin = time.GetTimestamp();

    public TimeProvider Time => time;

    public long Now => (long)time.GetElapsedTime(_origin).TotalMilliseconds;

    public long In(TimeSpan span) => Now + (long)Math.Ceiling(span.TotalMilliseconds);

    public Task Delay(TimeSpan span, CancellationToken cancel) => Task.Delay(span, time, cancel);
}
