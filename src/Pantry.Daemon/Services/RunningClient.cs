using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Configuration;
using Pantry.Hosting;
using Pantry.Logging;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Daemon.Services;

/// <summary>A client as a service: tries for ever to be let in for the first time, as its agent then does for ever to come back.</summary>
internal sealed class RunningClient : IRunningService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StateInterval = TimeSpan.FromSeconds(5);

    private readonly PantryOptions _options;
    private readonly ILogger _log;
    private readonly SocketLoop _loop;
    private readonly CancellationTokenSource _stopping = new();
    private readonly DateTimeOffset _startedAt = TimeProvider.System.GetUtcNow();
    private volatile ClientConfiguration _configuration;
    private volatile ClientAgent? _agent;
    private volatile string? _fault;

    private RunningClient(ClientConfiguration configuration, PantryOptions options, ILogger log)
    {
        _configuration = configuration;
        _options = options;
        _log = log;
        _loop = SocketLoop.Start("Pantry client", options.LoopMailbox, log);
        Meter = ClientMeter.Create(() => _agent, _loop);
        Ended = Task.Run(RunAsync);
    }

    public Task Ended { get; }

    public string Status => _agent is { } agent
        ? $"{agent.Labels.Identity} at {_configuration.Server}: {agent.Registration}, {agent.Status}"
        : $"{_configuration.Labels.Identity} at {_configuration.Server}: not let in yet{(_fault is { } fault ? $": {fault}" : "")}";

    public int Busy => _agent?.RunningJobs ?? 0;

    public Meter Meter { get; }

    public static Task<IRunningService> StartAsync(HostSettings settings, ILogger log, CancellationToken cancellation) =>
        Task.FromResult<IRunningService>(new RunningClient(new ClientEntry().Configure(settings), settings.Options, log));

    public void Apply(HostLog log, HostSettings old, HostSettings now)
    {
        // One that is not let in yet begins with it.
        _configuration = _configuration with { Policy = ConfiguredHost.Policy(now.Client), CustomFacts = now.Client.Facts };
        if (_agent is { } agent)
            ConfiguredHost.Apply(agent, log, old, now);
        else
            log.Level = now.Log.Level;
    }

    public Task<bool> TurnsAsync(CancellationToken cancellation) => _loop.InvokeAsync(() => true, cancellation);

    public async ValueTask DisposeAsync()
    {
        Meter.Dispose();
        await _stopping.CancelAsync();
        await Ended.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _loop.DisposeAsync();
    }

    private async Task RunAsync()
    {
        if (await EnterAsync() is not { } agent)
            return;
        _agent = agent;
        // It may have been changed while the agent came in.
        agent.Allow(_configuration.Policy, _configuration.CustomFacts);
        try
        {
            _log.LogInformation("Client {Identity} is {Registration} at {Server}. Its key is {Fingerprint}.",
                agent.Labels.Identity, agent.Registration, _configuration.Server, agent.PublicKey.Fingerprint);
            await FollowAsync(agent);
        }
        finally
        {
            await agent.DisposeAsync();
            ClientStateFile.Remove(_configuration.Path);
        }
    }

    /// <summary>The agent once the server has let it in or has it wait; null where the service was stopped before.</summary>
    private async Task<ClientAgent?> EnterAsync()
    {
        for (TimeSpan pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                return await ClientAgent.StartAsync(_configuration, loop: _loop, options: _options, log: _log, cancellation: _stopping.Token);
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return null;
            }
            catch (PantryException refused) when (MayPass(refused.Code))
            {
                _fault = DisplayText.FirstLine(refused.Message);
                _log.LogWarning("The client is not let in yet ({Code}): {Error}", refused.Code, CommandWords.Of(refused.Message));
            }

            try
            {
                // A fleet that is switched on does not come all at once.
                await Task.Delay(pause * (0.5 + (Random.Shared.NextDouble() / 2)), _stopping.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    // The others need somebody's hand here, and waiting only hides that.
    private static bool MayPass(PantryErrorCode code) => code is PantryErrorCode.ServerUnreachable or PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut
        or PantryErrorCode.InvalidAddress or PantryErrorCode.IdentityInUse or PantryErrorCode.NotAPantryServer or PantryErrorCode.LimitReached or PantryErrorCode.Refused
        or PantryErrorCode.KeyUnknown or PantryErrorCode.KeyDenied or PantryErrorCode.ClockSkew or PantryErrorCode.Stopped;

    private async Task FollowAsync(ClientAgent agent)
    {
        Task stopping = Task.Delay(Timeout.Infinite, _stopping.Token);
        (RegistrationStatus, ServiceStatus, ClientLabels)? written = null;
        while (!agent.Ended.IsCompleted && !_stopping.IsCancellationRequested)
        {
            (RegistrationStatus, ServiceStatus, ClientLabels) now = (agent.Registration, agent.Status, agent.Labels);
            if (now != written)
            {
                ClientStateFile.Write(_configuration.Path, ClientState.Of(agent, _startedAt), _log);
                written = now;
            }

            await Task.WhenAny(agent.Ended, stopping, Task.Delay(StateInterval, _stopping.Token));
        }

        if (agent.Ended.IsCompleted)
            _log.LogWarning("The client has ended: the server took it off its list.");
    }
}
