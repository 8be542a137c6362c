using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.PowerShell.Results;

/// <summary>Writes a job's rows as they come, with their errors, and how far the job is when it takes long.</summary>
internal sealed class RowPrinter(CmdletOutput output, string what)
{
    private int _done;
    private int _failed;

    /// <summary>What is done with a result before it is written; null for nothing.</summary>
    public Func<CommandResult, CancellationToken, Task<CommandResult>>? Finish { get; init; }

    /// <summary>Carries an order out in the foreground: whoever ends the waiting ends the order.</summary>
    /// <param name="job">The order.</param>
    /// <param name="command">Its command.</param>
    /// <param name="live">Whether output is brought as it comes.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task RunAsync(IJob job, string command, bool live, CancellationToken cancellation)
    {
        try
        {
            await output.VerboseAsync($"Job {job.Id}: {what}, {job.Targets.Count} targets.").ConfigureAwait(false);
            IAsyncEnumerable<ResultRow> rows = job.ReadRowsAsync(cancellation);
            await (live
                ? PrintLiveAsync(job, command, new LiveReader(job.Id, job.Targets), rows, job.Targets.Count, _ => true, cancellation)
                : PrintAsync(job.Id, command, rows, job.Targets.Count, cancellation)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The console is gone; the clients are told to stop, without anybody waiting for it.
            _ = job.CancelAsync();
            throw;
        }
    }

    /// <summary>Writes rows; what they belong to goes on when nobody waits any more.</summary>
    /// <param name="jobId">The job's id.</param>
    /// <param name="command">Its command.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="count">How many rows there will be.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task PrintAsync(string jobId, string command, IAsyncEnumerable<ResultRow> rows, int count, CancellationToken cancellation)
    {
        ProgressLine progress = Progress(count, cancellation);
        await using (progress.ConfigureAwait(false))
        {
            await foreach (ResultRow row in rows.WithCancellation(cancellation).ConfigureAwait(false))
                await PrintAsync(ResultReader.Read(jobId, command, row), cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Writes live output as it comes, and each target's row behind all of it.</summary>
    /// <param name="job">The job.</param>
    /// <param name="command">Its command.</param>
    /// <param name="reader">Makes output of its pieces.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="count">How many rows there will be.</param>
    /// <param name="wanted">Whose output is wanted.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public async Task PrintLiveAsync(
        IJob job, string command, LiveReader reader, IAsyncEnumerable<ResultRow> rows, int count, Func<string, bool> wanted, CancellationToken cancellation)
    {
        var merge = new LiveMerge(
            job.Targets,
            async piece =>
            {
                foreach (LiveOutput item in reader.Read(piece).Where(item => wanted(item.Client)))
                    await output.WriteAsync(item).ConfigureAwait(false);
            },
            row => PrintAsync(ResultReader.Read(job.Id, command, row), cancellation),
            why => output.WarningAsync(why).AsTask());
        ProgressLine progress = Progress(count, cancellation);
        await using (progress.ConfigureAwait(false))
            await merge.RunAsync(job.ReadOutputAsync(reader.From, cancellation), rows, cancellation).ConfigureAwait(false);
    }

    private ProgressLine Progress(int count, CancellationToken cancellation) =>
        new(output, what, () => new Counted(Volatile.Read(ref _done), Volatile.Read(ref _failed), count), cancellation);

    private async Task PrintAsync(CommandResult result, CancellationToken cancellation)
    {
        if (Finish is not null)
            result = await Finish(result, cancellation).ConfigureAwait(false);
        Interlocked.Increment(ref _done);
        await output.WriteAsync(result).ConfigureAwait(false);
        if (result.Truncated)
            await output.WarningAsync($"{result.Client}: the output was longer than the client keeps, and the rest was left out.").ConfigureAwait(false);
        if (result.Status == CommandStatus.Succeeded)
            return;
        Interlocked.Increment(ref _failed);
        await output.ErrorAsync(ErrorMap.ToRecord(result)).ConfigureAwait(false);
    }
}
