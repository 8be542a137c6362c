using Microsoft.Extensions.Logging;

namespace Pantry.Transport.Gates;

/// <summary>
/// Looks at the deadlines of a gate's connections when the earliest of them is due: one timer for a whole gate instead of several for each connection, and
/// none that ticks while nothing is expected of anybody. A deadline that was met is not taken back; the look then finds nothing, and waits for the next.
/// </summary>
internal sealed class DeadlineSweep : IAsyncDisposable
{
    private const long LongestWaitMilliseconds = 24 * 60 * 60 * 1000;

    private readonly Lock _lock = new();
    private readonly GateClock _clock;
    private readonly ILogger _log;
    private readonly long _grain;
    private readonly ITimer _timer;
    private Action? _look;
    private long _next = GateClock.Never;
    private bool _isLooking;

    /// <param name="clock">The gate's.</param>
    /// <param name="grain">Looks are no closer together than this, and what is missed is noticed no later than this.</param>
    /// <param name="log">For a look that fails.</param>
    public DeadlineSweep(GateClock clock, TimeSpan grain, ILogger log)
    {
        _clock = clock;
        _grain = (long)grain.TotalMilliseconds;
        _log = log;
        _timer = clock.Time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Says what a look is. It has to name every deadline anew that it finds and that is still to come.</summary>
    public void Begin(Action look) => Volatile.Write(ref _look, look);

    /// <summary>There is a deadline, which whoever looks can see already.</summary>
    public void Expect(long due)
    {
        if (due >= Volatile.Read(ref _next))
            return;
        lock (_lock)
        {
            if (due >= _next)
                return;
            _next = due;
            if (!_isLooking)
                Arm();
        }
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Look()
    {
        lock (_lock)
        {
            if (_isLooking)
                return;
            _isLooking = true;
            _next = GateClock.Never;
        }

        // Whoever sets a deadline either finds that nothing is waited for and names it, or has set it before the look reads it.
        Interlocked.MemoryBarrier();
        try
        {
            Volatile.Read(ref _look)?.Invoke();
        }
        catch (Exception error)
        {
            // Without the sweep no deadline holds, so it survives whatever one look meets.
            _log.LogError(error, "The gate's look at its deadlines failed.");
            Expect(_clock.Now + _grain);
        }

        lock (_lock)
        {
            _isLooking = false;
            if (_next != GateClock.Never)
                Arm();
        }
    }

    private void Arm() =>
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(_next - _clock.Now, _grain, LongestWaitMilliseconds)), Timeout.InfiniteTimeSpan);
}
