using System.Management.Automation;
using Pantry.PowerShell.Completion;

namespace Pantry.PowerShell;

/// <summary>A cmdlet for jobs at the server that are named by their ids. Results of one job, however many are piped, name it once.</summary>
public abstract class JobCmdlet : FleetCmdlet
{
    private readonly List<string> _ids = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);

    /// <summary>Ids of jobs, or what belongs to them: results, a PantryJob, what Get-PantryJob brings.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("JobId")]
    [ValidateNotNullOrEmpty]
    [JobId]
    [ArgumentCompleter(typeof(JobCompleter))]
    public string[] Id { get; set; } = [];

    /// <summary>The ids, each once.</summary>
    private protected IReadOnlyList<string> Ids => _ids;

    /// <summary>Whether something is to be done with the job.</summary>
    private protected virtual bool Wants(string id) => true;

    /// <inheritdoc/>
    protected override void ProcessRecord() => _ids.AddRange(Id.Where(id => _seen.Add(id) && Wants(id)));
}
