using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Hosting;
using Pantry.Operators;
using Pantry.PowerShell.Scripts;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.PowerShell.State;

/// <summary>What one runspace has running: servers, clients, sessions and registered commands. Ends with the module or the runspace.</summary>
internal sealed class RunspaceHost
{
    private static readonly ConditionalWeakTable<Runspace, RunspaceHost> States = [];
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ExitPatience = TimeSpan.FromSeconds(3);

    private readonly Lock _lock = new();
    private readonly SharedLoop _loop = new();
    private readonly List<ClientRegistration> _clients = [];

    // After Ctrl+C nobody waits for them any more, while they still have their directories and ports.
    private readonly List<Task> _stopping = [];

    // Servers of this process and sessions elsewhere; the last is what cmdlets use that are given none.
    private readonly List<object> _fleets = [];

    static RunspaceHost() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        Task.WhenAll(States.Select(pair => Task.Run(pair.Value.StopAllAsync))).Wait(ExitPatience);

    private RunspaceHost(Runspace runspace) => runspace.StateChanged += (_, change) =>
    {
        // Synchronous, so that the ports are free once the runspace is closed.
        if (change.RunspaceStateInfo.State is RunspaceState.Closing or RunspaceState.Closed or RunspaceState.Broken)
            Stop();
    };

    /// <summary>Commands of the clients of this runspace, those registered here included.</summary>
    public CommandTable Commands { get; } = new(new ScriptOrderCommand());

    public IReadOnlyList<PantryServer> Servers => Snapshot(_fleets).OfType<PantryServer>().ToList();

    public IReadOnlyList<PantrySession> Sessions => Snapshot(_fleets).OfType<PantrySession>().ToList();

    public IReadOnlyList<ClientRegistration> Clients => Snapshot(_clients);

    /// <summary>Whether there is a server or session that cmdlets use which are given none.</summary>
    public bool HasFleet => Snapshot(_fleets).Count > 0;

    public static RunspaceHost Of(Runspace runspace) => States.GetValue(runspace, key => new RunspaceHost(key));

    public static void StopIn(Runspace? runspace)
    {
        if (runspace is not null && States.TryGetValue(runspace, out RunspaceHost? state))
            state.Stop();
    }

    /// <summary>The fleet of what was given, or of the runspace's most recent server or session.</summary>
    /// <exception cref="PantryException">There is none, or what was given is no session.</exception>
    public IFleet FleetOf(object? session)
    {
        session ??= Snapshot(_fleets).LastOrDefault();
        return session switch
        {
            PantryServer { Status: ServiceStatus.Running } server => ((ServerHost)server.Host).Fleet,
            PantrySession { Status: not ServiceStatus.Stopped } connection => (IFleet)connection.Fleet,
            PantryServer or PantrySession => throw new PantryException(PantryErrorCode.Stopped,
                $"The server or session '{session}' was stopped. Use another one, or start or connect anew.")
            { Target = session.ToString() },
            null => throw new PantryException(PantryErrorCode.NotConnected,
                "There is no server here. Start one with Start-PantryServer, or connect to one with Connect-PantryServer. "
                + $"To be connected without a word, name your operator's file in '{OperatorDefaults.Path}': operator_file: mary.operator"),
            _ => throw new PantryException(PantryErrorCode.InvalidArgument,
                $"A session is a PantrySession or a PantryServer, not {session.GetType().Name}. Connect-PantryServer and Start-PantryServer give one."),
        };
    }

    public async Task<PantryServer> StartServerAsync(ServerConfiguration configuration, HostSettings settings, CancellationToken cancellation)
    {
        await StoppedAsync(cancellation).ConfigureAwait(false);
        ServerHost host = await InProcess.StartServerAsync(configuration, settings, cancellation).ConfigureAwait(false);
        var server = new PantryServer(host, () => host.Status, host.Statistics, () => host.Authority.RootKeyInfo)
        {
            Address = host.Configuration.Address,
            AdvertisedAddress = host.Place.Address,
            PublicKey = host.PublicKey.ToString(),
            Fingerprint = host.PublicKey.Fingerprint,
            PublishPort = host.PublishPort,
            ReceivePort = host.ReceivePort,
            FilePort = host.FilePort,
            Path = host.Configuration.Path,
            StartedAt = host.StartedAt,
        };
        if (cancellation.IsCancellationRequested)
        {
            // Ctrl+C while it started: nobody holds it, so it must not go on.
            await host.DisposeAsync().ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }

        lock (_lock)
            _fleets.Add(server);
        return server;
    }

    /// <summary>Begins to stop a server; what is started from now on in this runspace waits until it has stopped.</summary>
    public Task StopServerAsync(PantryServer server) => StopAsync(() => _fleets.Remove(server), async () => await ((ServerHost)server.Host).DisposeAsync().ConfigureAwait(false));

    public async Task<PantrySession> ConnectAsync(OperatorCredentials credentials, PantryOptions options, CancellationToken cancellation)
    {
        RemoteFleet fleet = await WithLoopAsync(loop => InProcess.ConnectAsync(credentials, options, loop, cancellation)).ConfigureAwait(false);
        bool closed = false;
        var session = new PantrySession(fleet, () => Volatile.Read(ref closed) ? ServiceStatus.Stopped : fleet.Status)
        {
            Server = fleet.Server.ToString(),
            Operator = fleet.Operator,
            ServerVersion = fleet.ServerVersion,
            ConnectedAt = DateTimeOffset.UtcNow,
        };
        lock (_lock)
            _fleets.Add(session);
        if (cancellation.IsCancellationRequested)
        {
            await DisconnectAsync(session).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }

        return session;
    }

    /// <summary>Closes a session of this runspace; false where it was closed already.</summary>
    public async Task<bool> DisconnectAsync(PantrySession session)
    {
        lock (_lock)
        {
            if (!_fleets.Remove(session))
                return false;
        }

        await ((RemoteFleet)session.Fleet).DisposeAsync().ConfigureAwait(false);
        await _loop.ReleaseAsync().ConfigureAwait(false);
        return true;
    }

    public async Task<ClientRegistration> StartClientAsync(ClientConfiguration configuration, HostSettings settings, CancellationToken cancellation)
    {
        await StoppedAsync(cancellation).ConfigureAwait(false);
        ClientAgent agent = await WithLoopAsync(
            loop => InProcess.StartClientAsync(configuration, settings, Commands, loop, cancellation)).ConfigureAwait(false);
        // What was approved: it can be less than what was asked for.
        ClientLabels labels = agent.Labels;
        var client = new ClientRegistration(agent, () => agent.Registration, () => agent.Status)
        {
            Identity = labels.Identity,
            Application = labels.Application,
            Environment = labels.Environment,
            Roles = labels.Roles,
            Streams = labels.ShownStreams(),
            Fingerprint = agent.PublicKey.Fingerprint,
            Path = configuration.Path,
            Server = configuration.Server.ToString(),
        };
        lock (_lock)
            _clients.Add(client);
        if (cancellation.IsCancellationRequested)
        {
            await StopClientAsync(client, forget: false).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
        }

        return client;
    }

    /// <summary>Stops a client of this runspace; false where it was stopped already.</summary>
    public async Task<bool> StopClientAsync(ClientRegistration client, bool forget)
    {
        bool isHere = false;
        await StopAsync(() => isHere = _clients.Remove(client), async () =>
        {
            if (!isHere)
                return;
            await ((ClientAgent)client.Agent).StopAsync(forget).ConfigureAwait(false);
            await _loop.ReleaseAsync().ConfigureAwait(false);
        }).ConfigureAwait(false);
        return isHere;
    }

    /// <summary>Stops the client of this runspace with that key, if there is one: its server has let it go.</summary>
    public async Task StopClientOfAsync(ClientInfo gone)
    {
        if (Clients.FirstOrDefault(client => client.Fingerprint == gone.Fingerprint) is { } here)
            await StopClientAsync(here, forget: false).ConfigureAwait(false);
    }

    public ClientRegistration? FindClient(ClientReference reference) =>
        Clients.LastOrDefault(client => Names.Same(client.Identity, reference.Identity) && (reference.Fingerprint is null || reference.Fingerprint == client.Fingerprint));

    public ClientRegistration? FindClient(string identity) => Clients.LastOrDefault(client => Names.Same(client.Identity, identity));

    /// <summary>Stops all, clients first: a server that is still there hears them leave.</summary>
    public async Task StopAllAsync()
    {
        Task[] clients = [.. Clients.Select(client => StopClientAsync(client, forget: false))];
        await Task.WhenAll(clients).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] sessions = [.. Sessions.Select(DisconnectAsync)];
        await Task.WhenAll(sessions).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Task[] servers = [.. Servers.Select(StopServerAsync)];
        await Task.WhenAll(servers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task StopAsync(Action takeOut, Func<Task> stop)
    {
        Task stopping;
        lock (_lock)
        {
            takeOut();
            stopping = Task.Run(stop);
            _stopping.Add(stopping);
        }

        try
        {
            await stopping.ConfigureAwait(false);
        }
        finally
        {
            lock (_lock)
                _stopping.Remove(stopping);
        }
    }

    // That one could not be stopped as it should is said to whoever stops it.
    private async Task StoppedAsync(CancellationToken cancellation)
    {
        await Task.WhenAll(Snapshot(_stopping)).WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellation.ThrowIfCancellationRequested();
    }

    private void Stop() => Task.Run(StopAllAsync).Wait(StopPatience);

    private async Task<T> WithLoopAsync<T>(Func<SocketLoop, Task<T>> start)
    {
        SocketLoop loop = _loop.Acquire();
        try
        {
            return await start(loop).ConfigureAwait(false);
        }
        catch
        {
            await _loop.ReleaseAsync().ConfigureAwait(false);
            throw;
        }
    }

    private List<T> Snapshot<T>(List<T> list)
    {
        lock (_lock)
            return [.. list];
    }
}
