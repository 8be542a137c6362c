namespace Pantry.Tests.Faults;

/// <summary>A clock whose time of day can be set; what measures spans goes on as ever, as on a real machine.</summary>
internal sealed class JumpClock : TimeProvider
{
    private long _offset;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _offset));

    public void Jump(TimeSpan by) => Interlocked.Add(ref _offset, by.Ticks);
}
