using System.Management.Automation;
using System.Net;
using System.Security;
using Pantry.Security;

namespace Pantry.PowerShell;

/// <summary>A cmdlet that changes who may give orders: the server signs with the root key, or this console does where the key is here.</summary>
public abstract class OperatorCmdlet : FleetCmdlet
{
    /// <summary>File of the fleet's root key, where that is not at the server.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? RootKeyFile { get; set; }

    /// <summary>Password of that file, where it is encrypted.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? RootKeyPassword { get; set; }

    /// <summary>The root key of -RootKeyFile, for the caller to dispose; null where the server has it.</summary>
    private protected SigningKey? RootKey() => RootKeyFile is not null
        ? SigningKeyFile.Load(FileSystemPath(RootKeyFile), Plain(RootKeyPassword))
        : RootKeyPassword is null ? null
        : throw Invalid("A password is for the root key's file. Give the file with -RootKeyFile.");

    internal static string? Plain(SecureString? password) => password is null ? null : new NetworkCredential("", password).Password;
}
