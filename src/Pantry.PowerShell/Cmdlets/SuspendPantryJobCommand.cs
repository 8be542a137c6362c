using System.Management.Automation;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Holds jobs: no further client is started until they are resumed. Clients that are at work go on.</summary>
[Cmdlet(VerbsLifecycle.Suspend, "PantryJob", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(JobInfo))]
public sealed class SuspendPantryJobCommand : JobControlCmdlet
{
    private protected override JobAction Action => JobAction.Suspend;

    private protected override string Deed => "Start no further client of the Pantry job";
}
