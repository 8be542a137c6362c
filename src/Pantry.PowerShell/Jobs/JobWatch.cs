using System.Diagnostics;
using System.Runtime.CompilerServices;
using Pantry.Operators;
using Pantry.PowerShell.Results;
using Pantry.Protocol;

namespace Pantry.PowerShell.Jobs;

/// <summary>Waits for jobs at the server to end. It asks now and then, so that a link that is lost in between does no harm.</summary>
internal sealed class JobWatch(IFleet fleet, CmdletOutput output, string what)
{
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Seldom = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestLoss = TimeSpan.FromMinutes(10);
    private const int Few = 8;

    private readonly Dictionary<string, JobInfo> _jobs = new(StringComparer.Ordinal);
    private long? _lostAt;

    /// <summary>Those that have not ended.</summary>
    public IReadOnlyList<JobInfo> Open => [.. _jobs.Values.Where(job => !HasEnded(job))];

    public static bool HasEnded(JobInfo job) => job.State is PantryJobState.Ended or PantryJobState.Cancelled && job.Done == job.Targets;

    public static PantryException None(string id) => new(PantryErrorCode.NoMatchingJob,
        $"The server has no job '{DisplayText.Clean(id, 80)}' of this operator. Get-PantryJob lists those there are; they are removed some time after they ended.")
    { Target = id };

    /// <summary>The job as it is now; null where there is none that may be seen.</summary>
    public static async Task<JobInfo?> FindAsync(IFleet fleet, string id, CancellationToken cancellation)
    {
        await foreach (JobInfo job in fleet.FindJobsAsync(new JobFilter { Id = id, Newest = 1 }, cancellation).ConfigureAwait(false))
            return job;
        return null;
    }

    /// <summary>Each of the jobs once it has ended. One that is not there is an error of its own.</summary>
    public async IAsyncEnumerable<JobInfo> EndedAsync(IEnumerable<string> ids, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var waiting = new List<string>(ids.Distinct(StringComparer.Ordinal));
        var progress = new ProgressLine(output, what, Count, cancellation);
        await using (progress.ConfigureAwait(false))
        {
            while (true)
            {
                foreach (string id in waiting.ToArray())
                {
                    (bool answered, JobInfo? job) = await LookAsync(id, cancellation).ConfigureAwait(false);
                    if (!answered)
                        break;
                    if (job is null)
                    {
                        waiting.Remove(id);
                        await output.ErrorAsync(None(id), id).ConfigureAwait(false);
                        continue;
                    }

                    lock (_jobs)
                        _jobs[id] = job;
                    if (!HasEnded(job))
                        continue;
                    waiting.Remove(id);
                    yield return job;
                }

                if (waiting.Count == 0)
                    yield break;
                await Task.Delay(waiting.Count <= Few ? Often : Seldom, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task<(bool Answered, JobInfo? Job)> LookAsync(string id, CancellationToken cancellation)
    {
        try
        {
            JobInfo? job = await FindAsync(fleet, id, cancellation).ConfigureAwait(false);
            _lostAt = null;
            return (true, job);
        }
        catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut)
        {
            // The link comes back by itself, and the jobs go on meanwhile.
            _lostAt ??= Stopwatch.GetTimestamp();
            if (Stopwatch.GetElapsedTime(_lostAt.Value) > LongestLoss)
                throw;
            return (false, null);
        }
    }

    private Counted Count()
    {
        lock (_jobs)
            return new Counted(_jobs.Values.Sum(job => job.Done), _jobs.Values.Sum(job => job.Failed), _jobs.Values.Sum(job => job.Targets));
    }
}
