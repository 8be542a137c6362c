using Microsoft.Extensions.Logging;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Metrics;
using Pantry.Logging;

namespace Pantry.Daemon.Services;

/// <summary>One run of a service with settings of its own: its log, the service, what shows that it is alive, and what it measures.</summary>
internal sealed class ServiceRun : IAsyncDisposable
{
    private readonly HostLog _log;
    private readonly LifeSigns _life;
    private readonly MetricsEndpoint? _endpoint;
    private bool _disposed;

    private ServiceRun(HostLog log, ILogger logger, IRunningService service, HostSettings settings, LifeSigns life, MetricsEndpoint? endpoint)
    {
        _log = log;
        Log = logger;
        Service = service;
        Settings = settings;
        _life = life;
        _endpoint = endpoint;
    }

    public ILogger Log { get; }

    public IRunningService Service { get; }

    /// <summary>What is in force.</summary>
    public HostSettings Settings { get; private set; }

    /// <exception cref="PantryException">It could not start.</exception>
    public static async Task<ServiceRun> StartAsync(
        string name, HostSettings settings, Func<HostSettings, ILogger, CancellationToken, Task<IRunningService>> start, ServiceNotices notices, Terminal terminal,
        CancellationToken cancellation)
    {
        // Standard error of a service is the journal; its own protocol keeps priorities and job ids.
        bool underJournald = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 } && File.Exists(JournalLine.Path);
        HostLog log = HostLog.Open(settings.Log, [new LogTarget(underJournald ? LogOutput.Journald : LogOutput.Stderr)], terminal.Output, terminal.ErrorOutput);
        IRunningService? service = null;
        LifeSigns? life = null;
        try
        {
            ILogger logger = log.CreateLogger($"Pantry.{char.ToUpperInvariant(name[0])}{name[1..]}");
            service = await start(settings, logger, cancellation);
            life = new LifeSigns(name, service, notices, logger);
            return new ServiceRun(log, logger, service, settings, life, MetricsEndpoint.Start(settings, service, life, logger));
        }
        catch
        {
            if (life is not null)
                await life.DisposeAsync();
            if (service is not null)
                await service.DisposeAsync();
            await log.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes settings over that differ only in what can change while it runs.</summary>
    public void Apply(HostSettings now)
    {
        Service.Apply(_log, Settings, now);
        Settings = now;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (_endpoint is not null)
            await _endpoint.DisposeAsync();
        await _life.DisposeAsync();
        await Service.DisposeAsync();
        await _log.DisposeAsync();
    }
}
