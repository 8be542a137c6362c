namespace Pantry.Tests.Storage;

/// <summary>A clock that a test sets, with timers that fire when the test says so.</summary>
internal sealed class SetClock(DateTimeOffset now) : TimeProvider
{
    private readonly List<Action> _timers = [];

    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _timers.Add(() => callback(state));
        return new Silent();
    }

    public void Fire() => _timers.ForEach(timer => timer());

    private sealed class Silent : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
