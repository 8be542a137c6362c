using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Faults;

/// <summary>A server in a process that can be killed, clients, and a console, all of them behind proxies; and one console that is not.</summary>
internal sealed class FaultFleet : IAsyncDisposable
{
    /// <summary>So short that a run of faults is over in seconds; long enough that the longest pause ends nobody's row.</summary>
    public static readonly PantryOptions Options = new()
    {
        HeartbeatInterval = TimeSpan.FromMilliseconds(600),
        DeadAfter = TimeSpan.FromSeconds(3),
        SweepInterval = TimeSpan.FromMilliseconds(100),
        ResendAfter = TimeSpan.FromMilliseconds(400),
        DeliveryTimeout = TimeSpan.FromSeconds(25),
        ReturnGrace = TimeSpan.FromSeconds(20),
        RestartGrace = TimeSpan.FromSeconds(25),
        ResultRetry = TimeSpan.FromSeconds(1),
        RegisterRetry = TimeSpan.FromSeconds(2),
        HandshakeTimeout = TimeSpan.FromSeconds(2),
        ProbeTimeout = TimeSpan.FromMilliseconds(500),
        ConnectTimeout = TimeSpan.FromMinutes(1),
        RequestTimeout = TimeSpan.FromSeconds(5),
        RefusedRetry = TimeSpan.FromSeconds(1),
        StopTimeout = TimeSpan.FromSeconds(1),
        RowWait = TimeSpan.FromSeconds(2),
        // Sixteen clients share this process's threads, and their output is read late where the machine is busy.
    };

    private readonly SocketLoop _loop = SocketLoop.Start("clients", 4096, NullLogger.Instance);
    private readonly string[] _arguments;
    private HostProcess _server;

    private FaultFleet(string root, string[] arguments, HostProcess server, RemoteFleet watcher, FaultProxy proxy, RemoteFleet console)
    {
        Root = root;
        _arguments = arguments;
        _server = server;
        Watcher = watcher;
        ConsoleProxy = proxy;
        Console = console;
    }

    public string Root { get; }

    /// <summary>The console whose link suffers.</summary>
    public RemoteFleet Console { get; }

    public FaultProxy ConsoleProxy { get; }

    /// <summary>A console with a link of its own, to see how things are.</summary>
    public RemoteFleet Watcher { get; }

    public IReadOnlyList<FaultClient> Clients { get; private set; } = [];

    public static async Task<FaultFleet> StartAsync(int clients, int processes)
    {
        string root = TestDirectory.Create(), file = Path.Combine(root, "operator.json");
        string[] arguments = ["server", Path.Combine(root, "server"), .. FixedPorts.Take(3).Select(port => $"{port}"), file];
        HostProcess server = await HostProcess.StartAsync(Options, arguments);
        OperatorCredentials credentials = OperatorFile.Load(file);
        RemoteFleet watcher = await RemoteFleet.ConnectAsync(credentials, options: Options);
        var proxy = new FaultProxy(credentials.ReceivePort);
        var fleet = new FaultFleet(root, arguments, server, watcher, proxy, await RemoteFleet.ConnectAsync(credentials with { ReceivePort = proxy.Port }, options: Options));
        fleet.Clients = await Task.WhenAll(Enumerable.Range(0, clients).Select(async i => await FaultClient.StartAsync(
            await watcher.EnrolAsync(new Enrol($"h{i}", "shop", null, [], 0), default), root, Options, i < processes ? null : fleet._loop)));
        return fleet;
    }

    public async Task KillServerAsync(TimeSpan downFor)
    {
        await _server.KillAsync();
        await _server.DisposeAsync();
        await Task.Delay(downFor);
        _server = await HostProcess.StartAsync(Options, _arguments);
    }

    /// <summary>Ends all faults and waits until everybody is back.</summary>
    public async Task HealAsync(CancellationToken deadline)
    {
        ConsoleProxy.Resume();
        foreach (FaultClient client in Clients)
            client.Heal();
        while (await OnlineAsync(deadline) < Clients.Count || Console.Status != ServiceStatus.Running)
            await Task.Delay(50, deadline);
    }

    /// <summary>Asks until there is an answer: links come and go.</summary>
    public static async Task<T> PersistAsync<T>(Func<Task<T>> ask, CancellationToken deadline)
    {
        while (true)
        {
            try
            {
                return await ask();
            }
            catch (PantryException lost) when (lost.Code is PantryErrorCode.ConnectionLost or PantryErrorCode.TimedOut)
            {
                await Task.Delay(50, deadline);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Clients.Select(client => client.DisposeAsync().AsTask()));
        await Console.DisposeAsync();
        await Watcher.DisposeAsync();
        await _server.DisposeAsync();
        await ConsoleProxy.DisposeAsync();
        await _loop.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }

    private Task<int> OnlineAsync(CancellationToken deadline) => PersistAsync(
        async () => await Watcher.FindClientsAsync(new ClientFilter { Status = ClientStatus.Online }, deadline).CountAsync(deadline), deadline);
}
