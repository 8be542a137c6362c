using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Brings the document of an earlier revision back, as a new revision; also where the application was removed.</summary>
[Cmdlet(VerbsData.Restore, "PantryApplication", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(ApplicationInfo))]
public sealed class RestorePantryApplicationCommand : FleetCmdlet
{
    /// <summary>Name of the application.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DocumentCompleter))]
    public string Name { get; set; } = "";

    /// <summary>The revision to bring back.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, int.MaxValue)]
    [ArgumentCompleter(typeof(RevisionCompleter))]
    public int Revision { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        if (!ShouldProcess(DisplayText.Clean(Name, 80), $"Restore revision {Revision} of the Pantry application"))
            return;
        (string name, int revision) = (Name, Revision);
        Run(async (output, cancellation) =>
        {
            // Whatever is there now gives way; between this look and the change nobody's change is lost.
            ApplicationInfo newest = await fleet.Provisioning.FindApplicationsAsync(new ApplicationFilter { Names = [name], History = true }, cancellation)
                .FirstOrDefaultAsync(found => Names.Same(found.Name, name), cancellation).ConfigureAwait(false)
                ?? throw new PantryException(PantryErrorCode.NoMatchingApplication, $"There is no application '{DisplayText.Clean(name, 80)}', and never was, that you may read.") { Target = name };
            ApplicationSaved saved = await fleet.Provisioning.SaveApplicationAsync(new SaveApplication(name, newest.Revision, revision), "", cancellation).ConfigureAwait(false);
            foreach (string warning in saved.Warnings)
                await output.WarningAsync(DisplayText.Clean(warning)).ConfigureAwait(false);
            await output.WriteAsync(saved.Application).ConfigureAwait(false);
        });
    }
}
