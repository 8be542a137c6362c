using Pantry.Protocol;

namespace Pantry.Server.Jobs;

/// <summary>A job's rows on their way to one console, never more ahead of it than the window.</summary>
internal sealed class RowFeed(JobRowsOf job, ServerSession session, int next, int taken, int window) : IDisposable
{
    private readonly SemaphoreSlim _credit = new(Math.Max(0, window - (next - taken)));
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _from = next;
    private int _taken = taken;

    /// <summary>The console has taken the rows below a place.</summary>
    public void Taken(int below)
    {
        // Called on the server's reading task only.
        int more = Math.Min(below, job.Targets.Count) - _taken;
        if (more <= 0)
            return;
        _taken += more;
        job.Rows.Release(_taken);
        _credit.Release(more);
    }

    /// <summary>Completes when every row has been handed to the session, or the feed was stopped.</summary>
    public Task Ended => _ended.Task;

    public void Stop() => _stop.Cancel();

    public void Dispose()
    {
        _stop.Dispose();
        _credit.Dispose();
    }

    public async Task RunAsync()
    {
        try
        {
            await foreach (ResultRow row in job.Rows.ReadAsync(_from, _stop.Token).ConfigureAwait(false))
            {
                await _credit.WaitAsync(_stop.Token).ConfigureAwait(false);
                var message = new Message(MessageKind.Row, new Row(job.Id, row.Number, row.Client, row.RoundTrip, row.Result)) { Bodies = row.Bodies };
                await session.PostBulkAsync(message, _stop.Token).ConfigureAwait(false);
            }

            session.Post(new Message(MessageKind.JobEnded, new JobEnded(job.Id)));
        }
        catch (PantryException unreadable)
        {
            // It would wait for ever for a row that cannot be read.
            session.Post(new Message(MessageKind.JobEnded, new JobEnded(job.Id, new Refused(unreadable.Code.ToString(), unreadable.Message))));
        }
        catch (OperationCanceledException)
        {
            // The console is gone; the job goes on, and its rows wait for the console to come back.
        }
        finally
        {
            _ended.TrySetResult();
        }
    }
}
