using System.Management.Automation;
using Pantry.Configuration;
using Pantry.PowerShell.State;
using Pantry.Transport;

namespace Pantry.PowerShell.Cmdlets;

/// <summary>Connects to a server elsewhere, which becomes the one that other cmdlets of the runspace use.</summary>
[Cmdlet(VerbsCommunications.Connect, "PantryServer", DefaultParameterSetName = "Server")]
[OutputType(typeof(PantrySession))]
public sealed class ConnectPantryServerCommand : PantryCmdlet
{
    /// <summary>Address of the server, with the port for answers where it is not the usual one: host, host:port or [v6]:port.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Server")]
    [ValidateNotNullOrEmpty]
    public string Server { get; set; } = "";

    /// <summary>A configuration file that says where the server is.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "OperatorFile")]
    [ValidateNotNullOrEmpty]
    public string OperatorFile { get; set; } = "";

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        RunspaceHost state = State;
        ServerAddress address = Checked(Address);
        Run(async (output, cancellation) =>
            await output.WriteAsync(await state.ConnectAsync(address, cancellation).ConfigureAwait(false)).ConfigureAwait(false));
    }

    private ServerAddress Address()
    {
        (string server, int? port) = (Server, null);
        if (ParameterSetName == "OperatorFile")
        {
            ClientConfigurationFile file = ConfigurationFile.LoadClient(FileSystemPath(OperatorFile));
            server = file.Server ?? throw new PantryException(PantryErrorCode.InvalidConfiguration,
                $"'{OperatorFile}' does not say where the server is: it has no networking.server_host.")
            { Target = OperatorFile };
            port = file.ReceivePort;
        }

        (string host, int receivePort) = Addresses.Parse(server, port ?? PantryOptions.DefaultReceivePort);
        return new ServerAddress(host, 0, receivePort);
    }
}
