using System.Diagnostics;
using System.Management.Automation;

namespace Pantry.PowerShell.Results;

/// <summary>How far a cmdlet is, shown once it takes longer than a moment, a few times a second at most, and taken away at its end.</summary>
internal sealed class ProgressLine : IAsyncDisposable
{
    private const int ActivityId = 0x50414e;

    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly CmdletOutput _output;
    private readonly string _activity;
    private readonly Func<Counted> _count;
    private readonly CancellationTokenSource _ended;
    private readonly Task _showing;
    private readonly long _begun = Stopwatch.GetTimestamp();

    /// <param name="output">Where it is shown.</param>
    /// <param name="activity">What is done.</param>
    /// <param name="count">How far it is.</param>
    /// <param name="cancellation">Shows no more.</param>
    public ProgressLine(CmdletOutput output, string activity, Func<Counted> count, CancellationToken cancellation)
    {
        _output = output;
        _activity = activity;
        _count = count;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _showing = ShowAsync(_ended.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _showing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ended.Dispose();
    }

    private async Task ShowAsync(CancellationToken cancellation)
    {
        bool shown = false;
        try
        {
            await Task.Delay(Quick, cancellation).ConfigureAwait(false);
            using var tick = new PeriodicTimer(Interval);
            do
            {
                shown = true;
                await _output.ProgressAsync(Record()).ConfigureAwait(false);
            }
            while (await tick.WaitForNextTickAsync(cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (shown)
        {
            ProgressRecord last = Record();
            last.RecordType = ProgressRecordType.Completed;
            await _output.ProgressAsync(last).ConfigureAwait(false);
        }
    }

    private ProgressRecord Record()
    {
        Counted now = _count();
        return new ProgressRecord(ActivityId, _activity, $"{now.Done:N0} of {now.Targets:N0} targets done, {now.Failed:N0} of them not succeeded")
        {
            PercentComplete = (int)Math.Min(100, now.Done * 100L / Math.Max(1, now.Targets)),
            CurrentOperation = $"Running for {Stopwatch.GetElapsedTime(_begun).TotalSeconds:0} s",
        };
    }
}

/// <summary>How far one job or several are.</summary>
internal readonly record struct Counted(int Done, int Failed, int Targets);
