using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Jobs;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Cancels jobs: what was not started never is, and what runs is stopped with all its processes. Waits until every client has confirmed it.</summary>
[Cmdlet(VerbsLifecycle.Stop, "PantryJob", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(JobInfo))]
public sealed class StopPantryJobCommand : JobControlCmdlet
{
    /// <summary>Does not wait for the clients.</summary>
    [Parameter]
    public SwitchParameter NoWait { get; set; }

    private protected override JobAction Action => JobAction.Cancel;

    private protected override string Deed => "Cancel the Pantry job";

    private protected override IAsyncEnumerable<JobInfo> AfterwardsAsync(
        IFleet fleet, CmdletOutput output, IReadOnlyList<JobInfo> changed, CancellationToken cancellation) => NoWait
        ? base.AfterwardsAsync(fleet, output, changed, cancellation)
        : new JobWatch(fleet, output, "Cancel").EndedAsync(changed.Select(job => job.JobId), cancellation);
}
