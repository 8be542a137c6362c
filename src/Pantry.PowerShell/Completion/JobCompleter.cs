using System.Collections;
using System.Management.Automation;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Completion;

/// <summary>Completes ids of the newest jobs, the newest first, and says what each of them is.</summary>
internal sealed class JobCompleter : NameCompleter
{
    private const int Shown = 20;

    protected override async Task<List<CompletionResult>> ResultsAsync(RunspaceHost state, IDictionary given, WildcardPattern pattern)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var found = new List<CompletionResult>();
        await foreach (JobInfo job in state.FleetOf(SessionOf(given)).FindJobsAsync(new JobFilter { Newest = Shown }, deadline.Token).ConfigureAwait(false))
        {
            if (pattern.IsMatch(job.JobId))
                found.Add(Described(job.JobId, $"{job.Command} for {job.Target}: {job.State}, {job.Done} of {job.Targets} done, by {job.Operator}, {job.CreatedAt.LocalDateTime:g}"));
        }

        return found;
    }
}
