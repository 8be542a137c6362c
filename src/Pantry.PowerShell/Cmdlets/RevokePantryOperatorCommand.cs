using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Security;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Takes operators' rights away: their sessions end, and no client takes an order of theirs any more.</summary>
[Cmdlet(VerbsSecurity.Revoke, "PantryOperator", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public sealed class RevokePantryOperatorCommand : OperatorCmdlet
{
    private readonly List<string> _names = [];

    /// <summary>Names of operators.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(OperatorCompleter))]
    public string[] Name { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() => _names.AddRange(Name.Where(name => ShouldProcess(DisplayText.Clean(name, 80), "Revoke the Pantry operator")));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        using SigningKey? root = Checked(RootKey);
        Run(async (output, cancellation) =>
        {
            foreach (string name in _names)
            {
                try
                {
                    await OfflineRoot.RevokeAsync(fleet, root, name, DateTimeOffset.UtcNow, cancellation).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, name).ConfigureAwait(false);
                }
            }
        });
    }
}
