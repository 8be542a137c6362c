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
        EmulatedSession[] emulated = fleet.Emulated();
        var all = new (string What, Func<Task<Cost>> Measure, List<Cost> Costs)[]
        {
            ("bare NetMQ, two CURVE connections each", () => FloorAsync(floorClients, floorServer), []),
            ("Pantry's server, emulated clients", () => EmulatedAsync(emulated, server), []),
            ("Pantry's server, whole clients", () => WholeAsync(fleet, server), []),
        };
        for (int round = -1; round < rounds; round++)
        {
            foreach ((string what, Func<Task<Cost>> measure, List<Cost> costs) in all)
            {
                Cost cost = await measure();
                Print($"{(round < 0 ? "warm-up" : $"round {round + 1}")}: {what,-40} {cost}");
                if (round >= 0)
                    costs.Add(cost);
            }
        }

        string counters = await server.CountersAsync();
        Print($"server's counters: {(counters.Length > 0 ? counters : "nothing was dropped")}");
        Print($"{"medians",-42}{"s",8}{"clients' processor",20}{"server's",10}{"s, ratio",10}{"all processor, ratio",22}");
        foreach ((string what, _, List<Cost> costs) in all)
        {
            double time = Ratio(costs, cost => cost.Seconds), processor = Ratio(costs, cost => cost.ClientsProcessor + cost.ServerProcessor);
            Print($"{what,-42}{Median(costs.Select(cost => cost.Seconds)),8:0.00}{Median(costs.Select(cost => cost.ClientsProcessor)),20:0.00}{Median(costs.Select(cost => cost.ServerProcessor)),10:0.00}{time,10:0.00}{processor,22:0.00}");
        }

        double ratio = Ratio(all[1].Costs, cost => cost.Seconds);
        Print($"bar: the server lets emulated clients in no slower than bare NetMQ connects them: {(ratio <= Bar * 1.05 ? "ok" : "MISSED")}");
        return 0;

        // Each round's own, since the machine's load changes between rounds.
        double Ratio(List<Cost> costs, Func<Cost, double> of) => Median(costs.Zip(all[0].Costs, (cost, floor) => of(cost) / of(floor)));
    }

    private static async Task<Cost> WholeAsync(BenchFleet fleet, ServerProcess server)
    {
        Cost cost = await MeasureAsync(server, fleet.Count, () => fleet.StartAsync(server.PublishPort, server.ReceivePort));
        await fleet.StopAsync();
        await server.ConnectedAsync(0);
        return cost;
    }

    private static async Task<Cost> EmulatedAsync(EmulatedSession[] clients, ServerProcess server)
    {
        Cost cost = await MeasureAsync(server, clients.Length, () => Task.WhenAll(clients.Select(client => client.ConnectAsync(server.PublishPort, server.ReceivePort))));
        foreach (EmulatedSession client in clients)
            client.Dispose();
        await server.ConnectedAsync(0);
        return cost;
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
