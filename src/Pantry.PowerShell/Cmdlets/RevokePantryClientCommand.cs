using System.Management.Automation;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Takes the trust in a client's key back: its session ends, what runs there is stopped, and the keys of all it heard change.</summary>
[Cmdlet(VerbsSecurity.Revoke, "PantryClient", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(ClientInfo))]
public sealed class RevokePantryClientCommand : DecisionCmdlet
{
    /// <summary>Writes the clients as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override ClientDecision Decision => ClientDecision.Revoke;

    private protected override string Deed => "Revoke the key of a Pantry client";

    private protected override bool Emits => PassThru;
}
