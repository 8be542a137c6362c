using System.Diagnostics;
using System.Globalization;
using Pantry.Operators;

namespace Pantry.Bench.Fleet;

/// <summary>One of the three that are compared: its clients, and a server in a process of its own.</summary>
internal sealed class FleetSide(string name, IReadOnlyList<FleetPeer> peers, Func<Task<ServerProcess>> start, PeerFleet? pantry = null) : IAsyncDisposable
{
    // So much is the same for every server: compiled code, and what its first clients need.
    private const int First = 20;

    private const int Repeats = 10;

    private ServerProcess? _server;

    public string Name => name;

    public FleetFigures Best { get; private set; } = FleetFigures.None;

    /// <summary>Memory of an idle client in a server that has just begun: of the process, and of managed objects.</summary>
    public async Task MeasureMemoryAsync()
    {
        await using ServerProcess server = await start();
        await ConnectAsync(server, peers.Take(First));
        await CloseAsync(server, peers.Take(First));
        long[] before = await MemoryAsync(server);
        await ConnectAsync(server, peers);
        long[] after = await MemoryAsync(server);
        Best = Best with
        {
            ProcessBytes = (after[0] - before[0]) / (double)peers.Count,
            ManagedBytes = (after[1] - before[1]) / (double)peers.Count,
            Threads = after[2],
            Files = after[3],
        };
        await CloseAsync(server, peers);
    }

    /// <summary>All of it once; what was best so far is kept.</summary>
    public async Task RunAsync((int Order, int Answer) sizes, int trips, int orders, bool counts)
    {
        ServerProcess server = _server ??= await start();
        GC.Collect();
        long begun = Stopwatch.GetTimestamp();
        await ConnectAsync(server, peers);
        double registration = Stopwatch.GetElapsedTime(begun).TotalMilliseconds;

        string words = string.Create(CultureInfo.InvariantCulture, $"{sizes.Order} {sizes.Answer}");
        // Until the code is compiled for good; a server runs for longer than that.
        for (int i = 0; i < (counts ? 3 : 30); i++)
            await server.AskAsync($"ping {words} 1");
        double ping = double.MaxValue, list = double.MaxValue, console = double.NaN, processor = await server.ProcessorSecondsAsync();
        for (int i = 0; i < Repeats; i++)
            ping = Math.Min(ping, One(await server.AskAsync($"ping {words} 1")));
        processor = (await server.ProcessorSecondsAsync() - processor) * 1000 / Repeats;
        for (int i = 0; i < Repeats; i++)
            list = Math.Min(list, One(await server.AskAsync($"list {words} 1")));

        if (pantry is not null)
        {
            await using RemoteFleet remote = await RemoteFleet.ConnectAsync(pantry.Operator with { ReceivePort = server.ReceivePort });
            console = double.MaxValue;
            for (int i = 0; i < Repeats; i++)
                console = Math.Min(console, One(await Measure.OnceAsync(() => PantryServed.PingAsync(remote, PeerFleet.Everybody))));
        }

        double[] trip = [.. (await server.AskAsync($"trips {words} {trips}")).Split(' ').Select(One)];
        double ingest = orders * peers.Count / One(await server.AskAsync($"ingest {words} {orders}")) * 1000;
        await CloseAsync(server, peers);
        if (counts)
            Best = Best.BestOf(new FleetFigures(registration, ping, processor, console, list, trip[0], trip[1], ingest));
    }

    public async Task<string> CountersAsync() => _server is null ? "" : await _server.CountersAsync();

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private static double One(string text) => double.Parse(text, CultureInfo.InvariantCulture);

    private static async Task<long[]> MemoryAsync(ServerProcess server) =>
        [.. (await server.AskAsync("memory")).Split(' ').Select(word => long.Parse(word, CultureInfo.InvariantCulture))];

    private static async Task ConnectAsync(ServerProcess server, IEnumerable<FleetPeer> some)
    {
        FleetPeer[] all = [.. some];
        await Task.WhenAll(all.Select(peer => Task.Run(() => peer.ConnectAsync(server.PublishPort, server.ReceivePort))));
        await server.ConnectedAsync(all.Length);
    }

    private static async Task CloseAsync(ServerProcess server, IEnumerable<FleetPeer> some)
    {
        foreach (FleetPeer peer in some)
            peer.Cut();
        await server.ConnectedAsync(0);
    }
}

/// <summary>Times in milliseconds, round trips in microseconds, memory in bytes a client.</summary>
internal sealed record FleetFigures(
    double Registration, double Ping, double PingProcessor, double Console, double List, double TripHalf, double TripMost, double Ingest,
    double ProcessBytes = 0, double ManagedBytes = 0, long Threads = 0, long Files = 0)
{
    public static FleetFigures None { get; } = new(
        double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue, 0);

    public FleetFigures BestOf(FleetFigures other) => this with
    {
        Registration = Math.Min(Registration, other.Registration),
        Ping = Math.Min(Ping, other.Ping),
        PingProcessor = Math.Min(PingProcessor, other.PingProcessor),
        Console = Math.Min(Console, other.Console),
        List = Math.Min(List, other.List),
        TripHalf = Math.Min(TripHalf, other.TripHalf),
        TripMost = Math.Min(TripMost, other.TripMost),
        Ingest = Math.Max(Ingest, other.Ingest),
    };
}
