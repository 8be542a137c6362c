using System.Management.Automation;
using Pantry.Operators;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Checks that every record of the server's audit log is there and as it was written. Keep the checkpoint somewhere else
/// and give it the next time: then not even a log that was written anew as a whole passes.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "PantryAuditLog")]
[OutputType(typeof(AuditLogCheck))]
public sealed class TestPantryAuditLogCommand : FleetCmdlet
{
    /// <summary>The checkpoint that an earlier check showed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string? Checkpoint { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        string? checkpoint = Checkpoint;
        Run(async (output, cancellation) =>
        {
            AuditLogCheck check = await fleet.VerifyAuditAsync(checkpoint, cancellation).ConfigureAwait(false);
            await output.WriteAsync(check).ConfigureAwait(false);
            if (!check.IsIntact)
                await output.ErrorAsync(ErrorMap.ToRecord(check)).ConfigureAwait(false);
        });
    }
}
