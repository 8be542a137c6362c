using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Configuration;
using Pantry.Hosting;
using Pantry.Logging;
using Pantry.Server;
using Pantry.Transport;

namespace Pantry.Daemon.Services;

/// <summary>A server as a service.</summary>
internal sealed class RunningServer : IRunningService
{
    // Sweeps come several times a second; one that is so late does not come.
    private static readonly TimeSpan LongestSweep = TimeSpan.FromSeconds(10);

    private readonly SocketLoop _loop;
    private readonly ServerHost _host;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private RunningServer(SocketLoop loop, ServerHost host)
    {
        _loop = loop;
        _host = host;
        Meter = ServerMeter.Create(host, loop);
    }

    public Task Ended => _ended.Task;

    public string Status =>
        $"listens on {_host.Configuration.Address}, ports {_host.PublishPort}, {_host.ReceivePort} and {_host.FilePort}; key {_host.PublicKey.Fingerprint}; root directory {_host.Configuration.Path}";

    // Jobs outlive the server: nothing is cut off.
    public int Busy => 0;

    public Meter Meter { get; }

    public static async Task<IRunningService> StartAsync(HostSettings settings, ILogger log, CancellationToken cancellation)
    {
        ServerConfiguration configuration = ConfiguredHost.Server(settings, DefaultPaths.ServerRoot);
        configuration = configuration with { Path = Path.GetFullPath(configuration.Path), HasConsole = true };
        var loop = SocketLoop.Start("Pantry server", settings.Options.LoopMailbox, log);
        try
        {
            return new RunningServer(loop, await ServerHost.StartAsync(
                configuration, loop, settings.Options, settings.Gate, log: log, storage: ConfiguredHost.Storage(settings), cancellation: cancellation));
        }
        catch
        {
            await loop.DisposeAsync();
            throw;
        }
    }

    public void Apply(HostLog log, HostSettings old, HostSettings now) => ConfiguredHost.Apply(_host, log, old, now);

    public async Task<bool> TurnsAsync(CancellationToken cancellation) =>
        await _loop.InvokeAsync(() => true, cancellation) && TimeProvider.System.GetElapsedTime(_host.SweptAt) < LongestSweep;

    public async ValueTask DisposeAsync()
    {
        Meter.Dispose();
        await _host.DisposeAsync();
        await _loop.DisposeAsync();
        _ended.TrySetResult();
    }
}
