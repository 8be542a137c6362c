using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Server;
using Pantry.Transport;

namespace Pantry.Daemon.Services;

/// <summary>A server as a service.</summary>
internal sealed class RunningServer : IRunningService
{
    // Sweeps come several times a second; one that is so late does not come.
    private static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(10);

    private readonly SocketLoop _loop;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RunningServer(SocketLoop loop, ServerHost host)
    {
        _loop = loop;
        Host = host;
    }

    public ServerHost Host { get; }

    public Task Ended => _ended.Task;

    public string Status =>
        $"listens on {Host.Configuration.Address}, ports {Host.PublishPort}, {Host.ReceivePort} and {Host.FilePort}; key {Host.PublicKey.Fingerprint}; root directory {Host.Configuration.Path}";

    // Jobs outlive the server: nothing is cut off.
    public int Busy => 0;

    public static async Task<IRunningService> StartAsync(ServerConfiguration configuration, ILogger log, CancellationToken cancellation)
    {
        var loop = SocketLoop.Start("Pantry server", new PantryOptions().LoopMailbox, log);
        try
        {
            return new RunningServer(loop, await ServerHost.StartAsync(configuration, loop, log: log, cancellation: cancellation));
        }
        catch
        {
            await loop.DisposeAsync();
            throw;
        }
    }

    public async Task<bool> TurnsAsync(CancellationToken cancellation) =>
        await _loop.InvokeAsync(() => true, cancellation) && TimeProvider.System.GetElapsedTime(Host.SweptAt) < LongestSweep;

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await _loop.DisposeAsync();
        _ended.TrySetResult();
    }
}
