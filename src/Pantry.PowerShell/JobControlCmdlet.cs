using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Jobs;
using Pantry.Protocol;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that does something with jobs that have not ended.</summary>
public abstract class JobControlCmdlet : JobCmdlet
{
    /// <summary>Writes the jobs as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>What is done.</summary>
    private protected abstract JobAction Action { get; }

    /// <summary>What is said to be done to whom is asked.</summary>
    private protected abstract string Deed { get; }

    private protected override bool IsMeant(JobInfo job) => !JobWatch.HasEnded(job);

    private protected override bool Wants(string id) => ShouldProcess(DisplayText.Clean(id, 80), Deed);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        bool emits = PassThru;
        Run(async (output, cancellation) =>
        {
            var changed = new List<JobInfo>();
            foreach (string id in Ids)
            {
                try
                {
                    changed.Add(await fleet.ControlJobAsync(id, Action, cancellation).ConfigureAwait(false));
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, id).ConfigureAwait(false);
                }
            }

            await foreach (JobInfo job in AfterwardsAsync(fleet, output, changed, cancellation).ConfigureAwait(false))
            {
                if (emits)
                    await output.WriteAsync(job).ConfigureAwait(false);
            }
        });
    }

    /// <summary>The jobs, when what was to be done is done.</summary>
    private protected virtual IAsyncEnumerable<JobInfo> AfterwardsAsync(
        IFleet fleet, CmdletOutput output, IReadOnlyList<JobInfo> changed, CancellationToken cancellation) => changed.ToAsyncEnumerable();
}
