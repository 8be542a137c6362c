using System.Management.Automation;
using Pantry.Operators;
using Pantry.PowerShell.Completion;
using Pantry.PowerShell.State;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.PowerShell;

/// <summary>
/// A cmdlet that decides about keys of clients. What is piped is taken by its fingerprint, which no other key has; a name
/// alone is good where only one key of that name can be meant.
/// </summary>
public abstract class DecisionCmdlet : FleetCmdlet
{
    private readonly List<DecideClient> _wanted = [];

    /// <summary>Clients by name; beside a fingerprint, the name that its client must have.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(IdentityCompleter))]
    public ClientReference[] Identity { get; set; } = [];

    /// <summary>Clients by the fingerprint of their key, as Get-PantryClient shows it.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(FingerprintCompleter))]
    public string[] Fingerprint { get; set; } = [];

    /// <summary>What is decided.</summary>
    private protected abstract ClientDecision Decision { get; }

    /// <summary>What is said to be done to whom is asked.</summary>
    private protected abstract string Deed { get; }

    /// <summary>Whether the clients are written as they are afterwards.</summary>
    private protected abstract bool Emits { get; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Identity.Length > 1 && Fingerprint.Length > 0)
            ThrowTerminatingError(ErrorMap.ToRecord(Invalid("A fingerprint goes with one name. Give names with -Identity or keys with -Fingerprint.")));
        if (Identity.Length == 0 && Fingerprint.Length == 0)
        {
            ThrowTerminatingError(ErrorMap.ToRecord(new PantryException(PantryErrorCode.NoTarget,
                "No client was named, so nothing was done. Pipe clients, or name them with -Identity or their keys with -Fingerprint.")));
        }

        foreach (string fingerprint in Fingerprint)
            Add(Identity is [var client] ? client.Identity : null, fingerprint, Identity is [var shown] ? shown.Shown : null);
        foreach (ClientReference client in Fingerprint.Length == 0 ? Identity : [])
            Add(client.Identity, client.Fingerprint, client.Shown);
    }

    private void Add(string? name, string? fingerprint, ClientInfo? shown)
    {
        string whom = fingerprint is null ? name! : name is null ? fingerprint : $"{name} ({fingerprint})";
        if (ShouldProcess(DisplayText.Clean(whom, 200), Deed))
        {
            _wanted.Add(new DecideClient(
                Decision, name, fingerprint, shown is null ? null : ClientLabels.Create(shown.Identity, shown.Application, shown.Environment, shown.Roles)));
        }
    }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RunspaceHost state = State;
        IFleet fleet = Checked(Fleet);
        Run(async (output, cancellation) =>
        {
            foreach (DecideClient decision in _wanted)
            {
                try
                {
                    ClientInfo client = await fleet.DecideAsync(decision, cancellation).ConfigureAwait(false);
                    if (Decision == ClientDecision.Approve && Advice.OnLabels(client) is { } unlabelled)
                        await output.WarningAsync(unlabelled).ConfigureAwait(false);
                    if (Decision == ClientDecision.Remove)
                        await state.StopClientOfAsync(client).ConfigureAwait(false);
                    if (Emits)
                        await output.WriteAsync(client).ConfigureAwait(false);
                }
                catch (PantryException error)
                {
                    await output.ErrorAsync(error, decision.Fingerprint ?? decision.Identity).ConfigureAwait(false);
                }
            }
        });
    }
}
