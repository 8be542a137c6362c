using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.Jobs;
using Pantry.PowerShell.Results;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Brings the results of jobs as the server keeps them, from the first one each time. Whoever started a job, on whatever console, can have
/// them as often as wanted. A result that did not succeed is also an error.
/// </summary>
[Cmdlet(VerbsCommunications.Receive, "PantryJob")]
[OutputType(typeof(CommandResult))]
[OutputType(typeof(LiveOutput))]
public sealed class ReceivePantryJobCommand : JobCmdlet
{
    /// <summary>Leaves out so many results from the first one on, in the order in which they came.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int From { get; set; }

    /// <summary>Brings those too that are still to come. By default those that are there.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>
    /// Brings what the clients of a job that was sent with -Live have written so far and go on to write, as Pantry.LiveOutput, until the job has
    /// ended; each client's result comes behind it.
    /// </summary>
    [Parameter]
    public SwitchParameter Live { get; set; }

    /// <summary>Live output that was received before: of each client comes what is behind the last of it.</summary>
    [Parameter]
    [AllowNull]
    [AllowEmptyCollection]
    public LiveOutput[]? After { get; set; }

    /// <summary>Results of these clients only; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[]? Client { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        bool live = Live || After is not null;
        NamePattern[]? clients = Checked(() => Client?.Select(name => new NamePattern(name)).ToArray());
        Run(async (output, cancellation) =>
        {
            foreach (string id in Ids)
            {
                try
                {
                    JobInfo info = await JobWatch.FindAsync(fleet, id, cancellation).ConfigureAwait(false) ?? throw JobWatch.None(id);
                    IJob job = await fleet.OpenJobAsync(info.JobId, From, cancellation).ConfigureAwait(false);
                    int count = Math.Max(0, (Wait || live ? info.Targets : info.Done) - From);
                    bool Wanted(string client) => clients is null || clients.Any(pattern => pattern.Matches(client));
                    IAsyncEnumerable<ResultRow> rows = job.ReadRowsAsync(cancellation).Take(count).Where(row => Wanted(row.Client));
                    var printer = new RowPrinter(output, $"Receive the results of job {id}");
                    await (live
                        ? printer.PrintLiveAsync(job, info.Command, new LiveReader(job.Id, job.Targets, After), rows, count, Wanted, cancellation)
                        : printer.PrintAsync(id, info.Command, rows, count, cancellation)).ConfigureAwait(false);
                }
                catch (PantryException error) when (error.Code == PantryErrorCode.NoMatchingJob)
                {
                    await output.ErrorAsync(error, id).ConfigureAwait(false);
                }
            }
        });
    }
}
