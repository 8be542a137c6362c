using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Takes orders back that wait for clients which are offline; each of these clients is cancelled in its job.</summary>
[Cmdlet(VerbsCommon.Remove, "PantryQueue", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(QueuedOrder))]
public sealed class RemovePantryQueueCommand : FleetCmdlet
{
    private readonly List<(string Job, string Client)> _wanted = [];

    /// <summary>Id of the job.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [JobId]
    [ArgumentCompleter(typeof(JobCompleter))]
    public string JobId { get; set; } = "";

    /// <summary>The clients that shall not get it any more.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[] Client { get; set; } = [];

    /// <summary>Writes what was taken back.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => _wanted.AddRange(Client
        .Where(client => ShouldProcess(DisplayText.Clean($"{client} of job {JobId}", 400), "Take the order that waits back"))
        .Select(client => (JobId, client)));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        IFleet fleet = Checked(Fleet);
        bool emits = PassThru;
        Run(async (output, cancellation) =>
        {
            foreach ((string job, string client) in _wanted)
            {
                try
                {
                    QueuedOrder order = await fleet.UnqueueAsync(job, client, cancellation).ConfigureAwait(false);
                    if (emits)
                        await output.WriteAsync(order).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, client).ConfigureAwait(false);
                }
            }
        });
    }
}
