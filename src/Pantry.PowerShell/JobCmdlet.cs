using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell;

/// <summary>A cmdlet for jobs at the server that are named by their ids or by a pattern for them. Results of one job, however many are piped, name it once.</summary>
public abstract class JobCmdlet : FleetCmdlet
{
    private readonly List<string> _ids = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Ids of jobs, or what belongs to them: results, a PantryJob, what Get-PantryJob brings; wildcards are permitted.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("JobId")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [JobId]
    [ArgumentCompleter(typeof(JobCompleter))]
    public string[] Id { get; set; } = [];

    /// <summary>The ids, each once.</summary>
    private protected IReadOnlyList<string> Ids => _ids;

    /// <summary>Whether something is to be done with the job.</summary>
    private protected virtual bool Wants(string id) => true;

    /// <summary>Whether a pattern means a job that it fits.</summary>
    private protected virtual bool IsMeant(JobInfo job) => true;

    /// <inheritdoc/>
    protected override void ProcessRecord() => _ids.AddRange(Id.SelectMany(Expanded).Where(id => _seen.Add(id) && Wants(id)));

    private IReadOnlyList<string> Expanded(string id)
    {
        if (Checked(() => new NamePattern(id)).IsLiteral)
            return [id];
        IFleet fleet = Checked(Fleet);
        var found = new List<string>();
        Run(async (_, cancellation) =>
        {
            await foreach (JobInfo job in fleet.FindJobsAsync(new JobFilter { Id = id }, cancellation).ConfigureAwait(false))
            {
                if (IsMeant(job))
                    found.Add(job.JobId);
            }
        });
        return found;
    }
}
