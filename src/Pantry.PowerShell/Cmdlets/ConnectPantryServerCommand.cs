using System.Management.Automation;
using Pantry.Configuration;
using Pantry.PowerShell.State;
using Pantry.Transport;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Connects to a server as an operator. The session becomes the one that other cmdlets of the runspace use.</summary>
[Cmdlet(VerbsCommunications.Connect, "PantryServer")]
[OutputType(typeof(PantrySession))]
public sealed class ConnectPantryServerCommand : PantryCmdlet
{
    /// <summary>Address to dial in place of the file's: host, host:port or [v6]:port.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Server { get; set; }

    /// <summary>The operator's file, as New-PantryOperator wrote it.</summary>
    [Parameter]
    [Alias("FullName")]
    [ValidateNotNullOrEmpty]
    public string? OperatorFile { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RunspaceHost state = State;
        OperatorCredentials credentials = Checked(Credentials);
        Run(async (output, cancellation) =>
            await output.WriteAsync(await state.ConnectAsync(credentials, cancellation).ConfigureAwait(false)).ConfigureAwait(false));
    }

    private OperatorCredentials Credentials()
    {
        if (OperatorFile is null)
        {
            throw Invalid(
                "An address alone is not enough: the server answers only operators whose keys it knows. Give your operator's file with -OperatorFile; "
                + "an administrator makes one with New-PantryOperator -OutFile.", Server);
        }

        OperatorCredentials credentials = Configuration.OperatorFile.Load(FileSystemPath(OperatorFile));
        (string host, int port) = Addresses.Parse(Server ?? credentials.Address, credentials.ReceivePort);
        return credentials with { Address = host, ReceivePort = port };
    }
}
