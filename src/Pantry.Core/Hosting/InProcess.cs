using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Server;
using Pantry.Transport;

namespace Pantry.Hosting;

/// <summary>
/// Starts what another assembly hosts. Its signatures name no third-party type: the assembly of the cmdlets lives in a
/// load context that does not see Pantry's own copies of those, and may see somebody else's.
/// </summary>
internal static class InProcess
{
    public static Task<ServerHost> StartServerAsync(ServerConfiguration configuration, CancellationToken cancellation) =>
        ServerHost.StartAsync(configuration, cancellation: cancellation);

    public static Task<ClientAgent> StartClientAsync(
        ClientConfiguration configuration, CommandTable commands, SocketLoop loop, CancellationToken cancellation) =>
        ClientAgent.StartAsync(configuration, commands, loop, cancellation: cancellation);

    public static Task<RemoteFleet> ConnectAsync(OperatorCredentials credentials, SocketLoop loop, CancellationToken cancellation) =>
        RemoteFleet.ConnectAsync(credentials, loop, cancellation: cancellation);

    public static SocketLoop StartLoop(string name) => SocketLoop.Start(name, new PantryOptions().LoopMailbox, NullLogger.Instance);
}
