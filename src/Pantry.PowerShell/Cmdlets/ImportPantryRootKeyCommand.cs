using System.Management.Automation;
using System.Security;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Brings the fleet's root key back to its server. The server's own operator comes back with it, with a new key.</summary>
[Cmdlet(VerbsData.Import, "PantryRootKey", SupportsShouldProcess = true)]
[OutputType(typeof(RootKeyInfo))]
public sealed class ImportPantryRootKeyCommand : RootKeyCmdlet
{
    /// <summary>The file that Export-PantryRootKey wrote.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "";

    /// <summary>The file's password, where it is encrypted.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? Password { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        PantryServer server = Checked(Here);
        string file = Checked(() => FileSystemPath(Path));
        if (ShouldProcess($"{server}, root key {server.RootFingerprint}", $"Bring the fleet's root key back from '{file}'"))
            Do(server, desk => desk.ImportAsync(file, OperatorCmdlet.Plain(Password)));
    }
}
