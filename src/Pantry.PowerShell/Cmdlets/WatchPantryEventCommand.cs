using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.Targeting;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Writes what happens in the fleet as it happens, until Ctrl+C. An administrator sees all, others their own jobs and the clients of
/// their scopes.
/// </summary>
[Cmdlet(VerbsCommon.Watch, "PantryEvent")]
[OutputType(typeof(PantryEvent))]
public sealed class WatchPantryEventCommand : FleetCmdlet
{
    /// <summary>Events of these kinds only. That some were lost is always said.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public PantryEventKind[]? Kind { get; set; }

    /// <summary>Events of these clients only; wildcards are permitted.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public string[]? Client { get; set; }

    /// <summary>Ends after so many events.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int? MaxCount { get; set; }

    /// <summary>Ends after that time; plain numbers are seconds.</summary>
    [Parameter]
    [Seconds]
    public TimeSpan? Timeout { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IFleet fleet = Checked(Fleet);
        NamePattern[]? clients = Checked(() => Client?.Select(name => new NamePattern(name)).ToArray());
        Run(async (output, cancellation) =>
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            if (Timeout is { } timeout)
                deadline.CancelAfter(timeout);
            int left = MaxCount ?? int.MaxValue;
            try
            {
                await foreach (PantryEvent happened in fleet.WatchEventsAsync(deadline.Token).ConfigureAwait(false))
                {
                    if (!IsWanted(happened, clients))
                        continue;
                    await output.WriteAsync(happened).ConfigureAwait(false);
                    if (--left == 0)
                        return;
                }
            }
            catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
            {
                // Its time is over: that is no error.
            }
        });
    }

    private bool IsWanted(PantryEvent happened, NamePattern[]? clients) => happened.Kind is PantryEventKind.EventsLost or PantryEventKind.Reconnected
        || ((Kind is null || Kind.Contains(happened.Kind)) && (clients is null || clients.Any(pattern => pattern.Matches(happened.Client))));
}
