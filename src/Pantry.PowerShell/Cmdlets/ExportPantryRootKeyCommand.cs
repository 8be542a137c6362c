using System.Management.Automation;
using System.Security;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>
/// Writes the fleet's root key to a file. With -TakeOffline it goes from the server, and the server's own operator with it:
/// then whoever has the server cannot say who gives orders, and cannot give any.
/// </summary>
[Cmdlet(VerbsData.Export, "PantryRootKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(RootKeyInfo))]
public sealed class ExportPantryRootKeyCommand : RootKeyCmdlet
{
    /// <summary>The file, which must not be there; only its owner can read it.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string OutFile { get; set; } = "";

    /// <summary>Encrypts the file.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? Password { get; set; }

    /// <summary>Takes the key away from the server once it is in the file. There must be another administrator.</summary>
    [Parameter]
    public SwitchParameter TakeOffline { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        PantryServer server = Checked(Here);
        string file = Checked(() => FileSystemPath(OutFile));
        if (ShouldProcess($"{server}, root key {server.RootFingerprint}", TakeOffline ? $"Move the fleet's root key to '{file}'" : $"Copy the fleet's root key to '{file}'"))
            Do(server, desk => desk.ExportAsync(file, OperatorCmdlet.Plain(Password), TakeOffline));
    }
}
