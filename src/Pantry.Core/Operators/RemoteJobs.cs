using System.Collections.Concurrent;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;

namespace Pantry.Operators;

/// <summary>
/// The jobs of a console at a server elsewhere. When the link is lost each waits to be attached to the next one; one that
/// has waited for too long ends here with an error, while the server goes on with it.
/// </summary>
internal sealed class RemoteJobs(Func<ServerLink> link, FleetRequests requests, ServerAddress server, PantryOptions options, TimeProvider time)
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(100);

    private readonly ConcurrentDictionary<string, RemoteJob> _jobs = new();
    // Jobs to be cancelled that the server was not told of yet, and since when.
    private readonly ConcurrentDictionary<string, long> _cancelled = new();
    private readonly Lock _linking = new();
    // Links that were lost so far: what was attached on one of them is not attached any more.
    private int _lost;
    private int _starting;

    public int Count => _jobs.Count;

    /// <summary>The job; one that nobody here reads any more is unknown, unless a start is just being answered.</summary>
    public RemoteJob? Find(string id) => _jobs.TryGetValue(id, out RemoteJob? job) ? job
        : Volatile.Read(ref _starting) == 0 ? null
        : _jobs.GetOrAdd(id, _ => new RemoteJob(id, [], this, options.RowWindow) { Adopted = false });

    /// <summary>Has a job started, and takes in its rows from then on.</summary>
    public async Task<RemoteJob> StartAsync(Func<Task<JobStarted>> start)
    {
        Interlocked.Increment(ref _starting);
        try
        {
            int lost = Volatile.Read(ref _lost);
            JobStarted started = await start().ConfigureAwait(false);
            // Rows may have come in the moment since the answer; they waited for the job to be known.
            RemoteJob job = _jobs.AddOrUpdate(
                started.Job, id => new RemoteJob(id, started.Targets, this, options.RowWindow), (_, early) => early.Adopt(started.Targets));
            // So may the link have gone, and another one come, which did not know of the job.
            if (DetachSince(lost, job))
                _ = TryAttachAsync(link(), job);
            return job;
        }
        finally
        {
            if (Interlocked.Decrement(ref _starting) == 0)
            {
                foreach (RemoteJob stray in _jobs.Values.Where(job => !job.Adopted))
                    Remove(stray);
            }
        }
    }

    /// <summary>There is a link again: cancels what was to be cancelled, and asks for what is missing of all jobs, beside each other.</summary>
    public async Task AttachAllAsync(ServerLink ready)
    {
        await SendCancelsAsync(ready).ConfigureAwait(false);
        // Where the link is lost meanwhile, the next one attaches them all.
        await Parallel.ForEachAsync(
            _jobs.Values.Where(job => job.Adopted), new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, options.MaxOperatorRequests / 2) },
            async (job, _) => await TryAttachAsync(ready, job).ConfigureAwait(false)).ConfigureAwait(false);
    }

    /// <summary>The link is lost: no job waits for ever.</summary>
    public void Detach()
    {
        lock (_linking)
        {
            _lost++;
            foreach (RemoteJob job in _jobs.Values)
                Wait(job);
        }
    }

    public void FailAll(PantryException why)
    {
        foreach (RemoteJob job in _jobs.Values)
        {
            Remove(job);
            job.Fail(why);
        }
    }

    public void Remove(RemoteJob job)
    {
        lock (_linking)
        {
            _jobs.TryRemove(job.Id, out _);
            job.EndWait();
        }
    }

    /// <summary>Cancels a job; while there is no link, it is cancelled by the next one.</summary>
    public Task CancelAsync(RemoteJob job) => CancelAsync(job.Id);

    /// <summary>Cancels a job that may be on its way to the server only: nobody here has it, and nobody reads its rows.</summary>
    public async Task AbandonAsync(string id)
    {
        if (_jobs.TryGetValue(id, out RemoteJob? job))
            Remove(job);
        await CancelAsync(id).ConfigureAwait(false);
        // Behind the answer, when the server has it for sure: all of its rows are let go.
        await link().SendAsync(new Message(MessageKind.RowsTaken, new RowsTaken(id, int.MaxValue))).ConfigureAwait(false);
    }

    public Task TakenAsync(RemoteJob job, int next) => link().SendAsync(new Message(MessageKind.RowsTaken, new RowsTaken(job.Id, next)));

    public IAsyncEnumerable<OutputPage> ReadOutputAsync(RemoteJob job, IReadOnlyList<int> next, CancellationToken cancellation) =>
        RemoteOutput.ReadAsync(job.Id, job.Targets.Count, next, requests, options, time, cancellation);

    private Task CancelAsync(string id)
    {
        long now = time.GetTimestamp();
        _cancelled[id] = now;
        return SendCancelAsync(link(), id, now);
    }

    private bool DetachSince(int lost, RemoteJob job)
    {
        lock (_linking)
        {
            if (_lost == lost)
                return false;
            Wait(job);
            return true;
        }
    }

    private void Wait(RemoteJob job) => job.Wait(time, options.ReattachTimeout, () =>
    {
        Remove(job);
        job.Fail(new PantryException(PantryErrorCode.ServerUnreachable,
            $"Job {job.Id} could not be followed for {options.ReattachTimeout.TotalSeconds:0.#} s, for want of a link to the server {server}; nobody waits for its rows any more. "
            + $"While the server runs the job goes on there; 'Receive-PantryJob {job.Id}' brings them later.")
        { Target = job.Id });
    });

    /// <summary>False where the link was lost meanwhile.</summary>
    private async Task<bool> TryAttachAsync(ServerLink ready, RemoteJob job)
    {
        int lost = Volatile.Read(ref _lost);
        try
        {
            await AttachAsync(ready, job).ConfigureAwait(false);
            lock (_linking)
            {
                if (_lost == lost)
                    job.EndWait();
            }

            return true;
        }
        catch (PantryException gone) when (gone.Code == PantryErrorCode.ConnectionLost)
        {
            return false;
        }
        catch (PantryException refused)
        {
            Remove(job);
            job.Fail(refused);
            return true;
        }
    }

    private async Task AttachAsync(ServerLink ready, RemoteJob job)
    {
        for (bool attached = false; !attached && _jobs.ContainsKey(job.Id);)
        {
            try
            {
                await ready.RequestAsync(MessageKind.AttachJob, new AttachJob(job.Id, job.Next, job.Taken), [], options.RequestTimeout, default).ConfigureAwait(false);
                attached = true;
            }
            catch (PantryException late) when (late.Code == PantryErrorCode.TimedOut)
            {
                // A slow server says nothing about the job: it is asked again for as long as there is the link.
            }
        }

        // What was taken in the moment before may have been said to the old session.
        await TakenAsync(job, _jobs.ContainsKey(job.Id) ? job.Taken : job.Targets.Count).ConfigureAwait(false);
    }

    private async Task SendCancelsAsync(ServerLink ready)
    {
        foreach ((string job, long since) in _cancelled)
            await SendCancelAsync(ready, job, since).ConfigureAwait(false);
    }

    private async Task SendCancelAsync(ServerLink ready, string job, long since)
    {
        while (time.GetElapsedTime(since) < options.ReattachTimeout)
        {
            try
            {
                await ready.RequestAsync(MessageKind.ControlJob, new ControlJob(job, JobAction.Cancel), [], options.RequestTimeout, default).ConfigureAwait(false);
                break;
            }
            catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut)
            {
                return; // The next link says it.
            }
            catch (PantryException full) when (full.Code == PantryErrorCode.LimitReached)
            {
                // The server answers as many requests of this console as it does at once.
                await Task.Delay(BusyPause, time).ConfigureAwait(false);
            }
            catch (PantryException)
            {
                break; // It has ended, or the connection was closed for good.
            }
        }

        _cancelled.TryRemove(job, out _);
    }
}
