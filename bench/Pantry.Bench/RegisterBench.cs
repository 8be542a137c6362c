using System.Diagnostics;
using System.Globalization;
using Pantry.Transport;

namespace Pantry.Bench;

/// <summary>
/// A whole fleet registers at once with a real server: handshakes, gates, grants and subscriptions. Beside it, alternating,
/// as many pairs of bare NetMQ connections with NetMQ's CURVE. Each server is a process of its own, and stays.
/// </summary>
internal static class RegisterBench
{
    private const double Bar = 1.0;

    public static async Task<int> RunAsync(string[] args)
    {
        int clients = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 1000;
        int rounds = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        Print($"{Environment.ProcessorCount} cores, {clients} clients, {rounds} rounds, alternating, after one of each that does not count.");
        await using BenchFleet fleet = await BenchFleet.PrepareAsync(clients);
        await using ServerProcess server = await ServerProcess.StartAsync(fleet.ServerRoot);
        await using ServerProcess floorServer = await ServerProcess.StartAsync("curve");
        CurveFloorClient[] floorClients = [.. Enumerable.Range(0, clients).Select(_ => new CurveFloorClient())];
        var results = (Floor: new List<Cost>(), Pantry: new List<Cost>());
        for (int round = -1; round < rounds; round++)
        {
            Cost floor = await FloorAsync(floorClients, floorServer);
            Cost pantry = await MeasureAsync(server, clients, () => fleet.StartAsync(server.PublishPort, server.ReceivePort));
            await fleet.StopAsync();
            await server.ConnectedAsync(0);
            Print($"{(round < 0 ? "warm-up" : $"round {round + 1}")}: floor {floor}; Pantry {pantry}");
            if (round < 0)
                continue;
            results.Floor.Add(floor);
            results.Pantry.Add(pantry);
        }

        string counters = await server.CountersAsync();
        Print($"server's counters: {(counters.Length > 0 ? counters : "nothing was dropped")}");
        double ratio = Median(results.Pantry.Zip(results.Floor, (pantry, floor) => pantry.Seconds / floor.Seconds));
        Print($"floor  {Median(results.Floor.Select(cost => cost.Seconds)):0.00} s; Pantry {Median(results.Pantry.Select(cost => cost.Seconds)):0.00} s; ratio {ratio:0.00}, bar {Bar:0.0}: {(ratio <= Bar * 1.05 ? "ok" : "MISSED")}");
        return 0;
    }

    private static async Task<Cost> FloorAsync(CurveFloorClient[] clients, ServerProcess server)
    {
        SocketLoop[] loops = BenchFleet.StartLoops(clients.Length);
        SocketLoop LoopOf(int client) => loops[client * loops.Length / clients.Length];
        Cost cost = await MeasureAsync(server, clients.Length, () =>
            Task.WhenAll(clients.Select((client, i) => client.ConnectAsync(LoopOf(i), server.PublishPort, server.ReceivePort))));
        await Task.WhenAll(clients.Select((client, i) => client.CloseAsync(LoopOf(i))));
        await server.ConnectedAsync(0);
        foreach (SocketLoop loop in loops)
            await loop.DisposeAsync();
        return cost;
    }

    private static async Task<Cost> MeasureAsync(ServerProcess server, int count, Func<Task> connect)
    {
        GC.Collect();
        double serverBefore = await server.ProcessorSecondsAsync();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        await connect();
        await server.ConnectedAsync(count);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Cost(seconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds, await server.ProcessorSecondsAsync() - serverBefore);
    }

    private static double Median(IEnumerable<double> values) => values.Order().ElementAt(values.Count() / 2);

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));

    private sealed record Cost(double Seconds, double ClientsProcessor, double ServerProcessor)
    {
        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture, $"{Seconds:0.00} s (processor: clients {ClientsProcessor:0.0} s, server {ServerProcessor:0.0} s)");
    }
}
