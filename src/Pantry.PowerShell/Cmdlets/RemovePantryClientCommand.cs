using System.Management.Automation;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Forgets keys and all that is known of their clients. Whoever comes with such a key later is a stranger.</summary>
[Cmdlet(VerbsCommon.Remove, "PantryClient", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(ClientInfo))]
public sealed class RemovePantryClientCommand : DecisionCmdlet
{
    /// <summary>Writes the clients as they are afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override ClientDecision Decision => ClientDecision.Remove;

    private protected override string Deed => "Remove the Pantry client and its key";

    private protected override bool Emits => PassThru;
}
