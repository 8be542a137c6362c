using Pantry.Storage;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Storage;

public sealed class RetryPauseTests : IDisposable
{
    private readonly RetryPause _pause = new();

    public void Dispose() => _pause.Dispose();

    [Fact]
    public async Task Who_asks_ends_the_pause_and_is_told_when_the_attempt_has_ended()
    {
        Task waiting = _pause.WaitAsync(TimeSpan.FromHours(1), default);
        Task asked = _pause.AskAsync();
        await waiting.WaitAsync(Fleet.Deadline);
        TaskCompletionSource? attempt = _pause.Begin();
        Assert.False(asked.IsCompleted);

        _pause.Ended(attempt, isDone: false);

        await asked.WaitAsync(Fleet.Deadline);
    }

    [Fact]
    public async Task Who_asks_while_an_attempt_is_made_is_told_of_the_next_one_or_that_none_is_needed()
    {
        _ = _pause.AskAsync();
        TaskCompletionSource? first = _pause.Begin();
        Task late = _pause.AskAsync();
        _pause.Ended(first, isDone: false);
        Assert.False(late.IsCompleted);

        TaskCompletionSource? second = _pause.Begin();
        Task later = _pause.AskAsync();
        _pause.Ended(second, isDone: true);

        await late.WaitAsync(Fleet.Deadline);
        await later.WaitAsync(Fleet.Deadline);
    }

    [Fact]
    public async Task After_the_end_nobody_waits()
    {
        Task before = _pause.AskAsync();
        _pause.Close();

        await before.WaitAsync(Fleet.Deadline);
        await _pause.AskAsync().WaitAsync(Fleet.Deadline);
    }
}
