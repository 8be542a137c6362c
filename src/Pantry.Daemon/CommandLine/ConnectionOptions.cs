using System.CommandLine;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Configuration;
using Pantry.Hosting;
using Pantry.Operators;
using Pantry.Server;
using Pantry.Transport;

namespace Pantry.Daemon.CommandLine;

/// <summary>How a server is found and connected to.</summary>
internal sealed class ConnectionOptions
{
    private readonly Option<string?> _server = new("--server") { Description = "Address to dial in place of the operator file's: host, host:port or [v6]:port.", Recursive = true, HelpName = "address" };
    private readonly Option<string?> _operatorFile = new("--operator-file") { Description = "The operator's file, as New-PantryOperator or an administrator made it.", Recursive = true, HelpName = "file" };

    public void AddTo(RootCommand root)
    {
        root.Options.Add(_server);
        root.Options.Add(_operatorFile);
    }

    /// <summary>Address of the server, where one was given.</summary>
    public string? Server(ParseResult parsed) => parsed.GetValue(_server);

    /// <summary>Whether a server elsewhere was named.</summary>
    public bool NamesServer(ParseResult parsed) => parsed.GetValue(_server) is not null || parsed.GetValue(_operatorFile) is not null;

    /// <summary>Connects to the server that was named, else to the one of the user's own defaults, else to the one that runs on this machine.</summary>
    /// <exception cref="PantryException">There is none, it could not be reached, or it refused.</exception>
    public Task<RemoteFleet> ConnectAsync(ParseResult parsed, CancellationToken cancellation)
    {
        OperatorSettings defaults = OperatorDefaults.Load().Values;
        OperatorCredentials credentials = parsed.GetValue(_operatorFile) is { } file ? OperatorFile.Load(file)
            : defaults.OperatorFile is { } usual ? ConfiguredHost.Operator(defaults, usual)
            : OfThisMachine();
        if (parsed.GetValue(_server) is { } server)
        {
            (string host, int port) = Addresses.Parse(server, credentials.ReceivePort);
            credentials = credentials with { Address = host, ReceivePort = port };
        }

        return RemoteFleet.ConnectAsync(credentials, options: defaults.Options, cancellation: cancellation);
    }

    /// <summary>Whether a server was named on the command line or in the user's own defaults.</summary>
    public bool KnowsServer(ParseResult parsed) => NamesServer(parsed) || OperatorDefaults.Load().Values.OperatorFile is not null;

    private static OperatorCredentials OfThisMachine()
    {
        string console = ServerKeys.ConsolePathIn(HostSource.ServerRoot);
        // Of a directory that may not be read it cannot be said whether the file is there.
        if (File.Exists(console))
            return OperatorFile.Load(console, ofService: true);
        throw new PantryException(PantryErrorCode.NotConnected,
            $"No server runs on this machine that you may use: there is no '{console}', or its directory is another user's. Use the server's account or root's, or give an operator's file with --operator-file or in '{OperatorDefaults.Path}'.")
        { Target = console };
    }
}
