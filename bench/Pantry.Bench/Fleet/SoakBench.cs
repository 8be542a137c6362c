using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Bench.Fleet;

/// <summary>Clients come and go, links are cut and orders are given all the time: does the server's memory stay as it is?</summary>
internal static class SoakBench
{
    private const int CutsASecond = 20;
    private const double Growth = 1.10;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    public static async Task<int> RunAsync(string[] args)
    {
        int clients = Options.Number(args, "--clients", 500), minutes = Options.Number(args, "--minutes", 30);
        using PeerFleet fleet = await PeerFleet.PrepareAsync(clients);
        await using ServerProcess server = await ServerProcess.StartAsync(fleet.Root);
        using var ending = new CancellationTokenSource();
        Task[] staying = [.. fleet.Peers.Select(peer => Task.Run(() => peer.StayAsync(server.PublishPort, server.ReceivePort, ending.Token)))];
        await server.ConnectedAsync(clients);
        var rows = new ConcurrentDictionary<CommandStatus, long>();
        Task cutting = CutAsync(fleet, ending.Token), ordering = OrderAsync(fleet, server, rows, ending.Token);

        Print($"{clients} clients, {CutsASecond} links cut a second, an order every {Pause.TotalMilliseconds:0} ms and the time it takes; after a collection:");
        Print($"{"minutes",10}{"process MB",14}{"managed MB",14}{"threads",10}{"files",10}{"rows",12}");
        var curve = new List<(double Process, double Managed)>();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(minutes))
        {
            await Task.WhenAny(Task.Delay(Interval), ordering);
            if (ordering.IsCompleted)
                await ordering;
            long[] memory = [.. (await server.AskAsync("memory")).Split(' ').Select(word => long.Parse(word, CultureInfo.InvariantCulture))];
            curve.Add((memory[0] / 1e6, memory[1] / 1e6));
            Print($"{Stopwatch.GetElapsedTime(start).TotalMinutes,10:0.0}{memory[0] / 1e6,14:0.0}{memory[1] / 1e6,14:0.0}{memory[2],10}{memory[3],10}{rows.Values.Sum(),12}");
        }

        await ending.CancelAsync();
        foreach (PantryPeer peer in fleet.Peers)
            peer.Cut();
        await Task.WhenAll([cutting, ordering, .. staying]);
        Print($"rows: {string.Join(", ", rows.Select(row => $"{row.Key} {row.Value}"))}");
        Print($"server's counters: {await server.CountersAsync()}");
        Judge("process", [.. curve.Select(point => point.Process)]);
        Judge("managed", [.. curve.Select(point => point.Managed)]);
        return 0;
    }

    // The beginning fills caches and keeps jobs up to their limit; after that nothing is to grow.
    private static void Judge(string what, double[] curve)
    {
        int third = curve.Length / 3;
        if (third == 0)
            return;
        double middle = curve[third..^third].Average(), last = curve[^third..].Average();
        Print($"{what}: {middle:0.0} MB in the middle third, {last:0.0} MB in the last: {(last <= middle * Growth ? "flat" : "GROWS")}");
    }

    private static async Task CutAsync(PeerFleet fleet, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            fleet.Peers[Random.Shared.Next(fleet.Peers.Length)].Cut();
            await Task.Delay(TimeSpan.FromSeconds(1.0 / CutsASecond), cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task OrderAsync(PeerFleet fleet, ServerProcess server, ConcurrentDictionary<CommandStatus, long> rows, CancellationToken cancellation)
    {
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(fleet.Operator with { ReceivePort = server.ReceivePort }, cancellation: CancellationToken.None);
        while (!cancellation.IsCancellationRequested)
        {
            IJob job = await console.StartJobAsync(
                new JobRequest { Target = PeerFleet.Everybody, Command = "Ping", DeliveryTimeout = TimeSpan.FromSeconds(5), Timeout = TimeSpan.FromSeconds(5) }, default);
            int count = 0;
            await foreach (ResultRow row in job.ReadRowsAsync(default))
            {
                count++;
                rows[row.Result.Status] = rows.GetValueOrDefault(row.Result.Status) + 1;
            }

            if (count != fleet.Peers.Length)
                throw new InvalidOperationException($"{count} rows of {fleet.Peers.Length}.");
            await Task.Delay(Pause, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
