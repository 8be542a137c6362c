using System.Runtime.CompilerServices;
using Pantry.Operators;
using Pantry.PowerShell.Results;
using Pantry.Protocol;

namespace Pantry.PowerShell.Jobs;

/// <summary>Waits for jobs at the server to end. The server says when one has come further; nothing is asked in between.</summary>
internal sealed class JobWatch(IFleet fleet, CmdletOutput output, string what)
{
    private readonly Dictionary<string, JobInfo> _jobs = new(StringComparer.Ordinal);

    /// <summary>Those that have not ended.</summary>
    public IReadOnlyList<JobInfo> Open
    {
        get
        {
            lock (_jobs)
                return [.. _jobs.Values.Where(job => !HasEnded(job))];
        }
    }

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
        // How many rows of each are known; of none anything, to begin with.
        var waiting = ids.Distinct(StringComparer.Ordinal).ToDictionary(id => id, _ => -1, StringComparer.Ordinal);
        var progress = new ProgressLine(output, what, Count, cancellation);
        await using (progress.ConfigureAwait(false))
        {
            while (waiting.Count > 0)
            {
                foreach (JobInfo job in await NewsAsync(waiting, cancellation).ConfigureAwait(false))
                {
                    lock (_jobs)
                        _jobs[job.JobId] = job;
                    waiting[job.JobId] = job.Done;
                    if (!HasEnded(job))
                        continue;
                    waiting.Remove(job.JobId);
                    yield return job;
                }
            }
        }
    }

    private async Task<IReadOnlyList<JobInfo>> NewsAsync(Dictionary<string, int> waiting, CancellationToken cancellation)
    {
        try
        {
            return await fleet.AwaitJobsAsync([.. waiting.Select(job => new JobMark(job.Key, job.Value))], cancellation).ConfigureAwait(false);
        }
        catch (PantryException none) when (none.Code == PantryErrorCode.NoMatchingJob)
        {
            // Which one it is that is not there, or no longer, each by itself tells.
        }

        var news = new List<JobInfo>();
        foreach (string id in waiting.Keys.ToArray())
        {
            try
            {
                news.AddRange(await fleet.AwaitJobsAsync([new JobMark(id, -1)], cancellation).ConfigureAwait(false));
            }
            catch (PantryException none) when (none.Code == PantryErrorCode.NoMatchingJob)
            {
                waiting.Remove(id);
                await output.ErrorAsync(none, id).ConfigureAwait(false);
            }
        }

        return news;
    }

    private Counted Count()
    {
        lock (_jobs)
            return new Counted(_jobs.Values.Sum(job => job.Done), _jobs.Values.Sum(job => job.Failed), _jobs.Values.Sum(job => job.Targets));
    }
}
