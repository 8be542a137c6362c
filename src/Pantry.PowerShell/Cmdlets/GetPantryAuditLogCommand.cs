using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Shows records of the server's audit log, the newest first.</summary>
[Cmdlet(VerbsCommon.Get, "PantryAuditLog")]
[OutputType(typeof(AuditEntry))]
public sealed class GetPantryAuditLogCommand : FleetCmdlet
{
    /// <summary>Records from this moment on.</summary>
    [Parameter]
    public DateTime? From { get; set; }

    /// <summary>Records up to this moment.</summary>
    [Parameter]
    public DateTime? To { get; set; }

    /// <summary>Who did it; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(OperatorCompleter))]
    public string? Actor { get; set; }

    /// <summary>What was done, such as Order or ClientApprove; wildcards are permitted.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string? Action { get; set; }

    /// <summary>To whom or what; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string? Target { get; set; }

    /// <summary>Records of jobs, such as those of piped results.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(JobCompleter))]
    public string? JobId { get; set; }

    /// <summary>What came of it, such as Done or OutOfScope; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    public string? Outcome { get; set; }

    /// <summary>At most so many, the newest.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? Newest { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        var filter = new AuditFilter
        {
            From = From?.ToUniversalTime(),
            To = To?.ToUniversalTime(),
            Actor = Actor,
            Action = Action,
            Target = Target,
            Job = JobId,
            Outcome = Outcome,
            Newest = Newest,
        };
        Run(async (output, cancellation) =>
        {
            await foreach (AuditEntry entry in fleet.FindAuditAsync(filter, cancellation).ConfigureAwait(false))
                await output.WriteAsync(entry).ConfigureAwait(false);
        });
    }
}
