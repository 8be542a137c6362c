namespace Pantry.Storage;

/// <summary>
/// The pause of a writer whose disk refused: it ends when its time is over, or at once when somebody asks for another attempt.
/// So a caller that comes when there is room again is not refused for what was wrong before.
/// </summary>
internal sealed class RetryPause : IDisposable
{
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly Lock _lock = new();
    private TaskCompletionSource? _asked;
    private bool _ended;

    /// <summary>
    /// Asks for an attempt now; completes when one that began after this has ended, well or not, or when nothing is left to try. Whoever would wait for that
    /// asks first and then looks whether there is something wrong: what is mended meanwhile tells nobody who asks later.
    /// </summary>
    public Task AskAsync()
    {
        lock (_lock)
        {
            if (_ended)
                return Task.CompletedTask;
            if (_asked is null)
            {
                _asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                if (_wake.CurrentCount == 0)
                    _wake.Release();
            }

            return _asked.Task;
        }
    }

    /// <summary>The writer waits: for the time, for somebody who asks, or for the end.</summary>
    public async Task WaitAsync(TimeSpan time, CancellationToken closing) =>
        await ((Task)_wake.WaitAsync(time, closing)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    /// <summary>An attempt begins; who asked until now is to be told when it has ended.</summary>
    public TaskCompletionSource? Begin()
    {
        lock (_lock)
        {
            TaskCompletionSource? asked = _asked;
            _asked = null;
            return asked;
        }
    }

    /// <summary>An attempt has ended.</summary>
    /// <param name="asked">Who had asked for it.</param>
    /// <param name="isDone">Whether nothing is left to try, so that none follows for those who asked meanwhile.</param>
    public void Ended(TaskCompletionSource? asked, bool isDone)
    {
        asked?.TrySetResult();
        if (isDone)
            Begin()?.TrySetResult();
    }

    /// <summary>No attempt follows, ever.</summary>
    public void Close()
    {
        lock (_lock)
            _ended = true;
        Begin()?.TrySetResult();
    }

    public void Dispose() => _wake.Dispose();
}
