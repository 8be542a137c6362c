using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Makes an application: a YAML document that says which packages its clients get, with which parameters, in which steps.</summary>
[Cmdlet(VerbsCommon.New, "PantryApplication", DefaultParameterSetName = "Empty", SupportsShouldProcess = true)]
[OutputType(typeof(ApplicationInfo))]
public sealed class NewPantryApplicationCommand : ApplicationCmdlet
{
    /// <summary>Name of the application, as clients have it.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ApplicationCompleter))]
    public string Name { get; set; } = "";

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        string document = Checked(() => DocumentOf(Name)) ?? "packages: {}\n";
        if (!ShouldProcess(DisplayText.Clean(Name, 80), "Make the Pantry application"))
            return;
        Run(async (output, cancellation) => await WriteAsync(
            output, await fleet.Provisioning.SaveApplicationAsync(new SaveApplication(Name, 0), document, cancellation).ConfigureAwait(false), emits: true).ConfigureAwait(false));
    }
}
