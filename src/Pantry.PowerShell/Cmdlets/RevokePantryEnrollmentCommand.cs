using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Withdraws enrolments and tokens that nobody has used yet: they let nobody in any more.</summary>
[Cmdlet(VerbsSecurity.Revoke, "PantryEnrollment", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(EnrollmentInfo))]
public sealed class RevokePantryEnrollmentCommand : FleetCmdlet
{
    private readonly List<string> _ids = [];

    /// <summary>Ids, or what New-PantryEnrollment, New-PantryEnrollmentToken and Get-PantryEnrollment have brought.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(EnrollmentCompleter))]
    public EnrollmentReference[] Id { get; set; } = [];

    /// <summary>Writes them as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() =>
        _ids.AddRange(Id.Select(reference => reference.Id).Where(id => ShouldProcess(DisplayText.Clean(id, 80), "Withdraw the Pantry enrolment")));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        bool emits = PassThru;
        Run(async (output, cancellation) =>
        {
            foreach (string id in _ids)
            {
                try
                {
                    EnrollmentInfo withdrawn = await fleet.WithdrawEnrollmentAsync(id, cancellation).ConfigureAwait(false);
                    if (emits)
                        await output.WriteAsync(withdrawn).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, id).ConfigureAwait(false);
                }
            }
        });
    }
}
