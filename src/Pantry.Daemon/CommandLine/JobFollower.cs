using Pantry.Daemon.Views;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Daemon.CommandLine;

/// <summary>Writes a job's rows as they come, and what clients write meanwhile. Who ends the waiting for an order that was just given ends the order; who only reads no more does not.</summary>
/// <param name="terminal">Where they are written.</param>
/// <param name="live">Whether output is written as it comes.</param>
internal sealed class JobFollower(Terminal terminal, bool live)
{
    // Whoever pressed Ctrl+C does not wait longer for the server to hear of it.
    private static readonly TimeSpan CancelTime = TimeSpan.FromSeconds(3);

    // Ctrl+C ends whoever reads this too, which may be noticed sooner.
    private static readonly TimeSpan InterruptTime = TimeSpan.FromSeconds(1);

    // With live output, rows come from two sides.
    private readonly Lock _writing = new();
    private readonly SortedDictionary<CommandStatus, int> _counts = [];
    private bool _isLive = live;

    public async Task<ExitCode> FollowAsync(IJob job, CancellationToken cancellation)
    {
        try
        {
            ExitCode code = await WriteAsync(job, job.Targets.Count, cancellation);
            if (code == ExitCode.Unread)
                await Task.Delay(InterruptTime, cancellation);
            return code;
        }
        catch (OperationCanceledException)
        {
            await job.CancelAsync().WaitAsync(CancelTime, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            terminal.Error($"pantry: job {job.Id} was cancelled ({Counted(job.Targets.Count)})");
            throw;
        }
    }

    /// <summary>Writes so many rows; what they belong to goes on when nobody waits any more.</summary>
    public Task<ExitCode> WriteAsync(IJob job, int count, CancellationToken cancellation) =>
        terminal.WhileReadAsync(reading => WriteRowsAsync(job, count, reading), cancellation);

    private async Task<ExitCode> WriteRowsAsync(IJob job, int count, CancellationToken cancellation)
    {
        IAsyncEnumerable<ResultRow> rows = job.ReadRowsAsync(cancellation).Take(count);
        if (_isLive)
        {
            var lines = new LiveLines(job);
            var merge = new LiveMerge(
                job.Targets, piece => Done(() => Write(lines.Read(piece))), row => Done(() => Write(ResultView.Of(job.Id, row))), why => Done(() => GoOnWithoutLive(why)));
            await merge.RunAsync(job.ReadOutputAsync([], cancellation), rows, cancellation);
        }
        else
        {
            await foreach (ResultRow row in rows)
                Write(ResultView.Of(job.Id, row));
        }

        if (terminal.Format == OutputFormat.Text)
            terminal.Note(Counted(job.Targets.Count));
        return _counts.Keys.All(status => status == CommandStatus.Succeeded) ? ExitCode.Success : ExitCode.NotSucceeded;
    }

    private Task Done(Action write)
    {
        lock (_writing)
            write();
        return Task.CompletedTask;
    }

    private void GoOnWithoutLive(string why)
    {
        _isLive = false;
        terminal.Note($"pantry: {CommandWords.Of(why)}");
    }

    private void Write(IEnumerable<LiveView> lines)
    {
        foreach (LiveView line in lines)
        {
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(line, ViewJson.Default.LiveView);
            else
                Write(line.Client, line.Stream, line.Text.Split('\n'));
        }
    }

    private void Write(ResultView view)
    {
        _counts[view.Status] = _counts.GetValueOrDefault(view.Status) + 1;
        if (terminal.Format == OutputFormat.Json)
            terminal.WriteJson(view, ViewJson.Default.ResultView);
        else
            WriteText(view);
    }

    private void WriteText(ResultView view)
    {
        if (!_isLive)
        {
            Write(view.Client, OutputStream.StandardOutput, OutputText.Lines(view.StandardOutput));
            Write(view.Client, OutputStream.StandardError, OutputText.Lines(view.StandardError));
            foreach ((OutputStream stream, string text, _) in view.Records)
                Write(view.Client, stream, text.Split('\n'));
        }

        if (view.Truncated)
            terminal.Note($"{view.Client}: the output was longer than the client keeps, and the rest was left out");
        if (view.Status != CommandStatus.Succeeded)
            terminal.Error($"{view.Client}: {view.Status}. {DisplayText.Clean(CommandWords.Of(view.Error?.Message ?? "The client gave no reason."), 500)}");
    }

    private void Write(string client, OutputStream stream, IEnumerable<string> lines)
    {
        string mark = stream is OutputStream.Error or OutputStream.Warning or OutputStream.Verbose or OutputStream.Debug ? $"{stream.ToString().ToUpperInvariant()}: " : "";
        foreach (string line in lines)
        {
            if (mark.Length > 0 || stream == OutputStream.StandardError)
                terminal.Note($"{client}: {mark}{line.TrimEnd('\r')}");
            else
                terminal.Write($"{client}: {line.TrimEnd('\r')}");
        }
    }

    private string Counted(int targets) =>
        $"{targets} {(targets == 1 ? "target" : "targets")}: {(_counts.Count == 0 ? "none is done" : string.Join(", ", _counts.Select(count => $"{count.Value} {count.Key}")))}";
}
