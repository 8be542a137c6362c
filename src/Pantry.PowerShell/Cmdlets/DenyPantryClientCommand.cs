using System.Management.Automation;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Says no to keys that wait. A client whose key was denied is not let in again until the key is approved.</summary>
[Cmdlet(VerbsLifecycle.Deny, "PantryClient", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(ClientInfo))]
public sealed class DenyPantryClientCommand : DecisionCmdlet
{
    /// <summary>Writes the clients as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override ClientDecision Decision => ClientDecision.Deny;

    private protected override string Deed => "Deny the key of a Pantry client";

    private protected override bool Emits => PassThru;
}
