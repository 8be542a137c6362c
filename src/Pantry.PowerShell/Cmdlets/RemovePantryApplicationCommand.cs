using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Takes applications away: their clients get nothing more. The history stays, and Restore-PantryApplication brings one back.</summary>
[Cmdlet(VerbsCommon.Remove, "PantryApplication", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(ApplicationInfo))]
public sealed class RemovePantryApplicationCommand : FleetCmdlet
{
    private readonly List<(string Name, int Revision)> _wanted = [];

    /// <summary>Name of the application.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DocumentCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The revision that it must be in; by default the one it is in now.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, int.MaxValue)]
    [ArgumentCompleter(typeof(RevisionCompleter))]
    public int Revision { get; set; }

    /// <summary>Writes the revision that removed it.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ShouldProcess(DisplayText.Clean(Name, 80), "Remove the Pantry application"))
            _wanted.Add((Name, Revision));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        bool emits = PassThru;
        Run(async (output, cancellation) =>
        {
            foreach ((string name, int revision) in _wanted)
            {
                try
                {
                    int basedOn = revision > 0 ? revision : (await fleet.Provisioning.ReadApplicationAsync(name, null, cancellation).ConfigureAwait(false)).Revision;
                    ApplicationInfo removed = await fleet.Provisioning.RemoveApplicationAsync(new RemoveApplication(name, basedOn), cancellation).ConfigureAwait(false);
                    if (emits)
                        await output.WriteAsync(removed).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, name).ConfigureAwait(false);
                }
            }
        });
    }
}
