using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Lists orders that wait for clients which are offline, one for each client.</summary>
[Cmdlet(VerbsCommon.Get, "PantryQueue")]
[OutputType(typeof(QueuedOrder))]
public sealed class GetPantryQueueCommand : FleetCmdlet
{
    /// <summary>Ids of jobs, or what belongs to them; wildcards are permitted.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Id")]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [JobId]
    [ArgumentCompleter(typeof(JobCompleter))]
    public string[]? JobId { get; set; }

    /// <summary>Name of the command; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(CommandNameCompleter))]
    public string? Command { get; set; }

    /// <summary>Who gave the order; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(OperatorCompleter))]
    public string? Operator { get; set; }

    /// <summary>Orders for these clients only; wildcards are permitted.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[]? Client { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        NamePattern[]? clients = Checked(() => Client?.Select(name => new NamePattern(name)).ToArray());
        string?[] ids = JobId is null ? [null] : [.. JobId.Distinct(StringComparer.Ordinal)];
        Run(async (output, cancellation) =>
        {
            foreach (string? id in ids)
            {
                await foreach (QueuedOrder order in fleet.FindQueuedAsync(new JobFilter { Id = id, Command = Command, Operator = Operator }, cancellation).ConfigureAwait(false))
                {
                    if (clients is null || clients.Any(pattern => pattern.Matches(order.Client)))
                        await output.WriteAsync(order).ConfigureAwait(false);
                }
            }
        });
    }
}
