using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Logging;
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
    /// <param name="configuration">What to listen on.</param>
    /// <param name="settings">Limits, and where to log; nothing is written to a console that is somebody else's.</param>
    /// <param name="cancellation">Gives up.</param>
    public static Task<ServerHost> StartServerAsync(ServerConfiguration configuration, HostSettings settings, CancellationToken cancellation) =>
        LoggingAsync(settings, log => ServerHost.StartAsync(
            configuration, options: settings.Options, gateLimits: settings.Gate, log: log.CreateLogger("Pantry.Server"),
            storage: ConfiguredHost.Storage(settings), owned: log, cancellation: cancellation));

    /// <inheritdoc cref="StartServerAsync"/>
    public static Task<ClientAgent> StartClientAsync(
        ClientConfiguration configuration, HostSettings settings, CommandTable commands, SocketLoop loop, CancellationToken cancellation) =>
        LoggingAsync(settings, log => ClientAgent.StartAsync(
            configuration, commands, loop, settings.Options, log: log.CreateLogger("Pantry.Client"), owned: log, cancellation: cancellation));

    public static Task<RemoteFleet> ConnectAsync(OperatorCredentials credentials, PantryOptions options, SocketLoop loop, CancellationToken cancellation) =>
        RemoteFleet.ConnectAsync(credentials, loop, options, cancellation: cancellation);

    public static SocketLoop StartLoop(string name) => SocketLoop.Start(name, new PantryOptions().LoopMailbox, NullLogger.Instance);

    private static async Task<T> LoggingAsync<T>(HostSettings settings, Func<HostLog, Task<T>> start)
    {
        HostLog log = HostLog.Open(settings.Log, []);
        try
        {
            return await start(log).ConfigureAwait(false);
        }
        catch
        {
            await log.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }
}
