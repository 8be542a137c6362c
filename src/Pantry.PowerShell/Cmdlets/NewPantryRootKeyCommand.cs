using System.Management.Automation;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Gives the fleet a new root key; the old one signs that it does, so clients follow. Enrolments and tokens that were not
/// used yet name the old key and are withdrawn; a warning says how many.
/// </summary>
[Cmdlet(VerbsCommon.New, "PantryRootKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(RootKeyInfo))]
public sealed class NewPantryRootKeyCommand : RootKeyCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        PantryServer server = Checked(Here);
        if (ShouldProcess($"{server}, root key {server.RootFingerprint}", "Replace the fleet's root key"))
            Do(server, desk => desk.RenewAsync());
    }
}
