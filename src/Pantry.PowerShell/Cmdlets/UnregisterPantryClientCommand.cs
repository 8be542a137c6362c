using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.State;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Stops a client of this session and takes it off the server's list, its key included; one elsewhere is told to stop.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "PantryClient", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
public sealed class UnregisterPantryClientCommand : FleetCmdlet
{
    private readonly List<ClientReference> _clients = [];

    /// <summary>Clients by identity or as objects.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Client")]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public ClientReference[] Identity { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord() =>
        _clients.AddRange(Identity.Where(client => ShouldProcess(client.Identity, "Unregister the Pantry client")));

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RunspaceHost state = State;
        object? session = Session?.BaseObject;
        IFleet Fleet() => state.FleetOf(session);
        Run(async (output, cancellation) => await Parallel.ForEachAsync(
            _clients, new ParallelOptions { MaxDegreeOfParallelism = 32, CancellationToken = cancellation },
            async (client, cancelled) =>
            {
                try
                {
                    await UnregisterAsync(client, state, Fleet, cancelled).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, client.Identity).ConfigureAwait(false);
                }
            }).ConfigureAwait(false));
    }

    private async Task UnregisterAsync(ClientReference client, RunspaceHost state, Func<IFleet> fleet, CancellationToken cancellation)
    {
        // With a session given, what is meant is that server's client, wherever it runs.
        if (Session is null && state.FindClient(client) is { } here && await state.StopClientAsync(here, forget: true).ConfigureAwait(false))
            return;
        ClientInfo removed = await fleet().DecideAsync(new DecideClient(ClientDecision.Remove, client.Identity, client.Fingerprint), cancellation).ConfigureAwait(false);
        await state.StopClientOfAsync(removed).ConfigureAwait(false);
    }
}
