using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.Jobs;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Lists jobs at the server, the newest first: one's own, and everybody's for an administrator.</summary>
[Cmdlet(VerbsCommon.Get, "PantryJob", DefaultParameterSetName = "Newest")]
[OutputType(typeof(JobInfo))]
public sealed class GetPantryJobCommand : FleetCmdlet
{
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private int _left;

    /// <summary>Ids of jobs, or what belongs to them, such as results and a PantryJob; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("JobId")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [JobId]
    [ArgumentCompleter(typeof(JobCompleter))]
    public string[]? Id { get; set; }

    /// <summary>Name of the command; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(CommandNameCompleter))]
    public string? Command { get; set; }

    /// <summary>Who gave the order; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(OperatorCompleter))]
    public string? Operator { get; set; }

    /// <summary>How far the jobs are.</summary>
    [Parameter]
    public new PantryJobState? State { get; set; }

    /// <summary>At most so many, the newest of those that match; by default 100.</summary>
    [Parameter(ParameterSetName = "Newest")]
    [ValidateRange(1, int.MaxValue - 1)]
    public int Newest { get; set; } = 100;

    /// <summary>All that match.</summary>
    [Parameter(ParameterSetName = "All", Mandatory = true)]
    public SwitchParameter All { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing() => _left = All ? int.MaxValue - 1 : Newest;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        string?[] ids = Id is null ? [null] : [.. Id.Distinct(StringComparer.Ordinal)];
        // Whoever has not said how many is told that there are more.
        bool tells = !All && !MyInvocation.BoundParameters.ContainsKey(nameof(Newest));
        Run(async (output, cancellation) =>
        {
            foreach (string? id in ids)
            {
                bool found = false;
                var filter = new JobFilter { Id = id, Command = Command, Operator = Operator, State = State, Newest = All ? null : _left + 1 };
                await foreach (JobInfo job in fleet.FindJobsAsync(filter, cancellation).ConfigureAwait(false))
                {
                    found = true;
                    if (_seen.Contains(job.JobId))
                        continue;
                    if (_left == 0)
                    {
                        if (tells)
                            await output.WarningAsync($"There are more jobs than the {Newest} newest. Use -Newest for another number, or -All.").ConfigureAwait(false);
                        return;
                    }

                    _seen.Add(job.JobId);
                    _left--;
                    await output.WriteAsync(job).ConfigureAwait(false);
                }

                if (!found && id is not null && new NamePattern(id).IsLiteral)
                    await output.ErrorAsync(JobWatch.None(id), id).ConfigureAwait(false);
            }
        });
    }
}
