using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Jobs;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Waits until jobs have ended, and writes each as it ends. The jobs do not depend on it: they go on when nobody waits.</summary>
[Cmdlet(VerbsLifecycle.Wait, "PantryJob")]
[OutputType(typeof(JobInfo))]
public sealed class WaitPantryJobCommand : JobCmdlet
{
    /// <summary>How long to wait in all; plain numbers are seconds. By default for as long as it takes.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan? Timeout { get; set; }

    private protected override bool IsMeant(JobInfo job) => !JobWatch.HasEnded(job);

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        Run(async (output, cancellation) =>
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (Timeout is { } timeout)
                deadline.CancelAfter(timeout);
            var watch = new JobWatch(fleet, output, Ids is [var only] ? $"Wait for job {only}" : $"Wait for {Ids.Count} jobs");
            try
            {
                await foreach (JobInfo job in watch.EndedAsync(Ids, deadline.Token).ConfigureAwait(false))
                    await output.WriteAsync(job).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                foreach (JobInfo job in watch.Open)
                {
                    await output.ErrorAsync(
                        new PantryException(PantryErrorCode.TimedOut,
                            $"Job {job.JobId} has not ended within {Timeout!.Value.TotalSeconds:0.#} s: {job.Done:N0} of {job.Targets:N0} targets are done. It goes on; "
                            + $"'Receive-PantryJob {job.JobId}' brings its results, 'Stop-PantryJob {job.JobId}' cancels it.")
                        { Target = job.JobId },
                        job).ConfigureAwait(false);
                }
            }
        });
    }
}
