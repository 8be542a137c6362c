namespace Pantry.Tests.Faults;

/// <summary>What happens to bytes on their way in one direction. One piece at a time: what is held back holds back what comes after it.</summary>
internal sealed class FaultFlow
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _paused;
    private FlowTerms _terms = new(default, default, 0);
    private volatile bool _swallows;
    private long _passed;

    /// <summary>Bytes that have passed, of all connections together.</summary>
    public long Passed => Interlocked.Read(ref _passed);

    /// <summary>Whether bytes go nowhere.</summary>
    public bool Swallows => _swallows;

    /// <summary>Nothing passes until <see cref="Resume"/>.</summary>
    public void Pause()
    {
        lock (_lock)
            _paused ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public void Resume()
    {
        lock (_lock)
        {
            _paused?.SetResult();
            _paused = null;
        }
    }

    /// <summary>Each piece is held back for so long, and for a random part of the jitter more.</summary>
    public void Delay(TimeSpan delay, TimeSpan jitter) => _terms = _terms with { Delay = delay, Jitter = jitter };

    /// <summary>No more than so many bytes a second pass; 0 is no limit.</summary>
    public void Throttle(int bytesPerSecond) => _terms = _terms with { BytesPerSecond = bytesPerSecond };

    /// <summary>Bytes go nowhere from now on.</summary>
    public void Swallow() => _swallows = true;

    /// <summary>Waits until a piece may go on.</summary>
    public async Task PassAsync(int bytes)
    {
        FlowTerms terms = _terms;
        TimeSpan held = terms.Delay + (terms.Jitter * Random.Shared.NextDouble());
        if (terms.BytesPerSecond > 0)
            held += TimeSpan.FromSeconds((double)bytes / terms.BytesPerSecond);
        if (held > TimeSpan.Zero)
            await Task.Delay(held);
        while (Paused() is { } paused)
            await paused;
        Interlocked.Add(ref _passed, bytes);
    }

    private Task? Paused()
    {
        lock (_lock)
            return _paused?.Task;
    }

    private sealed record FlowTerms(TimeSpan Delay, TimeSpan Jitter, int BytesPerSecond);
}
