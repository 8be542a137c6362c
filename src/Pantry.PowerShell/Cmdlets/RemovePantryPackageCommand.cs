using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Takes versions of packages away. One that an application's clients get is refused without -Force.</summary>
[Cmdlet(VerbsCommon.Remove, "PantryPackage", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(PackageInfo))]
public sealed class RemovePantryPackageCommand : FleetCmdlet
{
    private readonly List<(string Name, string Version)> _wanted = [];

    /// <summary>Name of the package.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PackageCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The version, written out.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(PackageVersionCompleter))]
    public string Version { get; set; } = "";

    /// <summary>Removes it also where an application uses it; for administrators.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Writes what was removed.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ShouldProcess($"{DisplayText.Clean(Name, 80)} {DisplayText.Clean(Version, 80)}", "Remove the Pantry package"))
            _wanted.Add((Name, Version));
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        (bool force, bool emits) = (Force, PassThru);
        Run(async (output, cancellation) =>
        {
            foreach ((string name, string version) in _wanted)
            {
                try
                {
                    PackageInfo removed = await fleet.Provisioning.RemovePackageAsync(new RemovePackage(name, version, force), cancellation).ConfigureAwait(false);
                    if (emits)
                        await output.WriteAsync(removed).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, $"{name} {version}").ConfigureAwait(false);
                }
            }
        });
    }
}
