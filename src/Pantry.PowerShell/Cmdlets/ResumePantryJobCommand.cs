using System.Management.Automation;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Goes on with jobs that were held.</summary>
[Cmdlet(VerbsLifecycle.Resume, "PantryJob", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(JobInfo))]
public sealed class ResumePantryJobCommand : JobControlCmdlet
{
    private protected override JobAction Action => JobAction.Resume;

    private protected override string Deed => "Go on with the Pantry job";
}
