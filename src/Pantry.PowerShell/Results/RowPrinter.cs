using System.Diagnostics;
using System.Management.Automation;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.PowerShell.Results;

/// <summary>Carries a job out in the foreground: its rows, their errors, and how far it is when it takes long.</summary>
internal sealed class RowPrinter(CmdletOutput output, string what)
{
    private const int ActivityId = 0x50414e;

    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    private int _done;
    private int _failed;

    public async Task RunAsync(IJob job, string command, CancellationToken cancellation)
    {
        await output.VerboseAsync($"Job {job.Id}: {what}, {job.Targets.Count} targets.").ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task progress = ShowProgressAsync(job, ended.Token);
        try
        {
            await foreach (ResultRow row in job.ReadRowsAsync(cancellation).ConfigureAwait(false))
                await PrintAsync(ResultReader.Read(job.Id, command, row)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The console is gone; the clients are told to stop, without anybody waiting for it.
            _ = job.CancelAsync();
            throw;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await progress.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task PrintAsync(CommandResult result)
    {
        Interlocked.Increment(ref _done);
        await output.WriteAsync(result).ConfigureAwait(false);
        if (result.Truncated)
            await output.WarningAsync($"{result.Client}: the output was longer than the client keeps, and the rest was left out.").ConfigureAwait(false);
        if (result.Status == CommandStatus.Succeeded)
            return;
        Interlocked.Increment(ref _failed);
        await output.ErrorAsync(ErrorMap.ToRecord(result)).ConfigureAwait(false);
    }

    private async Task ShowProgressAsync(IJob job, CancellationToken cancellation)
    {
        long begun = Stopwatch.GetTimestamp();
        bool shown = false;
        try
        {
            await Task.Delay(Quick, cancellation).ConfigureAwait(false);
            using var tick = new PeriodicTimer(ProgressInterval);
            do
            {
                shown = true;
                await output.ProgressAsync(Record(job, begun)).ConfigureAwait(false);
            }
            while (await tick.WaitForNextTickAsync(cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (shown)
        {
            ProgressRecord last = Record(job, begun);
            last.RecordType = ProgressRecordType.Completed;
            await output.ProgressAsync(last).ConfigureAwait(false);
        }
    }

    private ProgressRecord Record(IJob job, long begun)
    {
        int done = Volatile.Read(ref _done);
        return new ProgressRecord(ActivityId, what, $"{done} of {job.Targets.Count} targets done, {Volatile.Read(ref _failed)} of them not succeeded")
        {
            PercentComplete = Math.Min(100, done * 100 / Math.Max(1, job.Targets.Count)),
            CurrentOperation = $"Running for {Stopwatch.GetElapsedTime(begun).TotalSeconds:0} s",
        };
    }
}
