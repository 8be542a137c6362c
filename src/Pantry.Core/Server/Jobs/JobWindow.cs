using Pantry.Protocol;

namespace Pantry.Server.Jobs;

/// <summary>
/// How many targets may be at work, and whether any more may be started: counts alone, no clock and no lock. It moves by
/// the targets that are done, never by time.
/// </summary>
internal sealed class JobWindow(RolloutPlan plan, int targets)
{
    private int _size = plan.BatchSize?.Of(targets) ?? int.MaxValue;
    private int _canaries = Math.Min(plan.Canary?.Of(targets) ?? 0, targets);
    private int _targets = targets;
    private int _running;
    private int _done;
    private int _failed;
    private int _canariesStarted;
    private int _canariesDone;
    private bool _canaryFailed;

    /// <summary>Whether the next target to start is one of those that go first.</summary>
    public bool NextIsCanary => _canariesStarted < _canaries;

    /// <summary>How many may be started now.</summary>
    public int Room => Math.Max(0, Math.Min(_size - _running, NextIsCanary ? _canaries - _canariesStarted : _canariesDone < _canariesStarted ? 0 : int.MaxValue));

    public void Started(bool canary)
    {
        _running++;
        if (canary)
            _canariesStarted++;
    }

    /// <summary>A target has its row.</summary>
    /// <param name="succeeded">Whether it succeeded.</param>
    /// <param name="wasRunning">Whether it had been started.</param>
    /// <param name="canary">Whether it was one of those that go first.</param>
    public void Ended(bool succeeded, bool wasRunning, bool canary)
    {
        _done++;
        if (!succeeded)
            _failed++;
        if (wasRunning)
            _running--;
        if (!canary)
            return;
        _canariesDone++;
        _canaryFailed |= !succeeded;
    }

    /// <summary>A target cannot be started at all, which is known before any is: the others are counted without it.</summary>
    public void LeftOut()
    {
        _targets--;
        _size = plan.BatchSize?.Of(_targets) ?? int.MaxValue;
        _canaries = Math.Min(plan.Canary?.Of(_targets) ?? 0, _targets);
    }

    /// <summary>A row from before a restart of the server.</summary>
    public void Restore(bool succeeded, bool canary)
    {
        if (canary)
            _canariesStarted++;
        Ended(succeeded, wasRunning: false, canary);
    }

    /// <summary>A target that was started is not at work any more, and waits again.</summary>
    public void TookBack(bool canary)
    {
        _running--;
        if (canary)
            _canariesStarted--;
    }

    /// <summary>Why no further target may be started; null where some may.</summary>
    public (string Code, string Message)? Stop()
    {
        if (_canaryFailed)
            return ("CanaryFailed", $"Not started: of the {_canaries} targets that went first, not all succeeded.");
        if (plan.MaxFailure is not { } most)
            return null;
        if (!most.IsPercent)
            return _failed > most.Value ? ("MaxFailureReached", $"Not started: more than {most} targets did not succeed.") : null;

        // Of the first few a single one would be too much: so many are counted as done that one may fail.
        int judged = Math.Max(_done, most.Value == 0 ? 1 : (100 + most.Value - 1) / most.Value);
        return _failed * 100L > (long)most.Value * judged
            ? ("MaxFailureReached", $"Not started: {_failed} of the {_done} targets that are done did not succeed, which is more than {most}.")
            : null;
    }
}
