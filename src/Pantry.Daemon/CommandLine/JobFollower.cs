using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Daemon.CommandLine;

/// <summary>Writes a job's rows as they come. Who ends the waiting for an order that was just given ends the order.</summary>
internal sealed class JobFollower(Terminal terminal)
{
    // Whoever pressed Ctrl+C does not wait longer for the server to hear of it.
    private static readonly TimeSpan CancelTime = TimeSpan.FromSeconds(3);

    private readonly SortedDictionary<CommandStatus, int> _counts = [];

    public async Task<ExitCode> FollowAsync(IJob job, CancellationToken cancellation)
    {
        try
        {
            return await WriteAsync(job.Id, job.ReadRowsAsync(cancellation), job.Targets.Count);
        }
        catch (OperationCanceledException)
        {
            await job.CancelAsync().WaitAsync(CancelTime, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            terminal.Error($"pantry: job {job.Id} was cancelled ({Counted(job.Targets.Count)})");
            throw;
        }
    }

    /// <summary>Writes rows; what they belong to goes on when nobody waits any more.</summary>
    public async Task<ExitCode> WriteAsync(string job, IAsyncEnumerable<ResultRow> rows, int targets)
    {
        await foreach (ResultRow row in rows)
        {
            ResultView view = ResultView.Of(job, row);
            _counts[view.Status] = _counts.GetValueOrDefault(view.Status) + 1;
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(view, ViewJson.Default.ResultView);
            else
                WriteText(view);
        }

        if (terminal.Format == OutputFormat.Text)
            terminal.Note(Counted(targets));
        return _counts.Keys.All(status => status == CommandStatus.Succeeded) ? ExitCode.Success : ExitCode.NotSucceeded;
    }

    private void WriteText(ResultView view)
    {
        foreach (string line in OutputText.Lines(view.StandardOutput))
            terminal.Write($"{view.Client}: {line}");
        foreach (string line in OutputText.Lines(view.StandardError))
            terminal.Note($"{view.Client}: {line}");
        if (view.Truncated)
            terminal.Note($"{view.Client}: the output was longer than the client keeps, and the rest was left out");
        if (view.Status != CommandStatus.Succeeded)
            terminal.Error($"{view.Client}: {view.Status}. {DisplayText.Clean(view.Error?.Message ?? "The client gave no reason.", 500)}");
    }

    private string Counted(int targets) =>
        $"{targets} {(targets == 1 ? "target" : "targets")}: {(_counts.Count == 0 ? "none is done" : string.Join(", ", _counts.Select(count => $"{count.Value} {count.Key}")))}";
}
