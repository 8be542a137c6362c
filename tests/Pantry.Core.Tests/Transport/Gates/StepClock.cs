namespace Pantry.Tests.Transport.Gates;

/// <summary>A clock that goes on only when a test says so, with timers that go by it.</summary>
internal sealed class StepClock : TimeProvider
{
    private readonly List<StepTimer> _timers = [];
    private long _now;

    public override long TimestampFrequency => 1000;

    /// <summary>Timers that are set.</summary>
    public int Waiting => _timers.Count(timer => timer.Due is not null);

    /// <summary>How often a timer has come.</summary>
    public int Fired { get; private set; }

    public override long GetTimestamp() => _now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Assert.Equal(Timeout.InfiniteTimeSpan, period);
        var timer = new StepTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        _timers.Add(timer);
        return timer;
    }

    public void Advance(long milliseconds)
    {
        for (long end = _now + milliseconds; _now < end; _now++)
        {
            foreach (StepTimer timer in _timers.Where(timer => timer.Due <= _now + 1).ToList())
            {
                timer.Due = null;
                Fired++;
                _now++;
                timer.Come();
                _now--;
            }
        }
    }

    private sealed class StepTimer(StepClock clock, Action come) : ITimer
    {
        public long? Due { get; set; }

        public Action Come => come;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime == Timeout.InfiniteTimeSpan ? null : clock._now + (long)dueTime.TotalMilliseconds;
            return true;
        }

        public void Dispose() => Due = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
