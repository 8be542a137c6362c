using System.Management.Automation;
using Pantry.Protocol;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Lets clients in whose keys wait, as what they say they are. Compare the fingerprint with what the client shows first.</summary>
[Cmdlet(VerbsLifecycle.Approve, "PantryClient", SupportsShouldProcess = true)]
[OutputType(typeof(ClientInfo))]
public sealed class ApprovePantryClientCommand : DecisionCmdlet
{
    private protected override ClientDecision Decision => ClientDecision.Approve;

    private protected override string Deed => "Approve the key of a Pantry client";

    private protected override bool Emits => true;
}
