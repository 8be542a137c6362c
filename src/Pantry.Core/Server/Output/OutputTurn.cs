namespace Pantry.Server.Output;

/// <summary>
/// Whose turn it is on a watch: one request is answered at a time, and counts until its answer has left. A console may have the answer,
/// and ask for the next one, a moment before that is known here: that one request waits for it.
/// </summary>
internal sealed class OutputTurn
{
    private readonly Lock _lock = new();
    private State _state;
    private TaskCompletionSource? _next;

    private enum State
    {
        Free,
        Reading,
        Leaving,
    }

    /// <summary>Completes when it is the caller's turn, who ends it with <see cref="End"/>; null where it is another's.</summary>
    public Task? TryBegin()
    {
        lock (_lock)
        {
            if (_state == State.Free)
            {
                _state = State.Reading;
                return Task.CompletedTask;
            }

            if (_state == State.Reading || _next is not null)
                return null;
            _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _next.Task;
        }
    }

    /// <summary>The answer is made, and on its way.</summary>
    public void Leave()
    {
        lock (_lock)
            _state = State.Leaving;
    }

    public void End()
    {
        lock (_lock)
        {
            _state = _next is null ? State.Free : State.Reading;
            _next?.TrySetResult();
            _next = null;
        }
    }
}
