using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Transport.Gates;

namespace Pantry.Bench;

/// <summary>Bare NetMQ against NetMQ behind gates, alternating in one process, so that both meet the same machine.</summary>
internal static class GateBench
{
    private static readonly GateLimits Limits = new();

    public static async Task<int> RunAsync(string[] args)
    {
        int rounds = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 5;
        var table = new List<Row>();
        Console.WriteLine($"{Environment.ProcessorCount} cores, {rounds} rounds each, alternating; medians.");

        await MeasureAsync(table, "throughput 250 kB, DEALER to ROUTER, MB/s", higherIsBetter: true, bar: 1.0, rounds, PairBench.Throughput);
        await MeasureAsync(table, "round trip 256 B, p50, us", higherIsBetter: false, bar: 1.4, rounds, PairBench.RoundTrip);
        foreach (int clients in new[] { 200, 1000 })
            await FanOutAsync(table, clients, rounds);

        Console.WriteLine();
        Console.WriteLine($"{"",-48}{"bare",10}{"gate",10}{"ratio",8}{"bar",6}");
        foreach (Row row in table)
        {
            double ratio = row.Ratio;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row.What,-48}{row.Bare,10:0.00}{row.Gated,10:0.00}{ratio,8:0.00}{row.Bar,6:0.0} {(ratio <= row.Bar * 1.05 ? "ok" : "MISSED")}"));
        }

        Console.WriteLine("ratio: cost against bare, 1 is equal; a bar is met within 5 %, which is the noise.");
        return 0;
    }

    public static ServerGate Server(int backend, GateProfile profile) =>
        ServerGate.Open([new IPEndPoint(IPAddress.Loopback, 0)], Loopback(backend), profile, Limits, TimeProvider.System, NullLogger.Instance);

    public static ClientGate Client(int server, int backend, GateProfile profile)
    {
        var gate = new ClientGate(
            new DialOptions { Host = "127.0.0.1", Port = server }, Loopback(backend), profile, Limits, TimeProvider.System, NullLogger.Instance);
        gate.Start();
        return gate;
    }

    private static IPEndPoint Loopback(int port) => new(IPAddress.Loopback, port);

    private static async Task MeasureAsync(
        List<Row> table, string what, bool higherIsBetter, double bar, int rounds, Func<PairLink, double> measure)
    {
        PairLink[] links = [PairLink.Bare(), PairLink.ServerGated(), PairLink.BothGated()];
        var results = links.Select(_ => new List<double>()).ToArray();
        foreach (PairLink link in links)
            measure(link);
        for (int round = 0; round < rounds; round++)
        {
            for (int index = 0; index < links.Length; index++)
                results[index].Add(measure(links[index]));
        }

        foreach (PairLink link in links)
            await link.DisposeAsync();
        table.Add(new Row(what + " (server's gate)", results[0], results[1], higherIsBetter, bar));
        table.Add(new Row(what + " (both gates)", results[0], results[2], higherIsBetter, bar));
    }

    private static async Task FanOutAsync(List<Row> table, int clients, int rounds)
    {
        await using FanOutBench bare = await FanOutBench.OpenAsync(clients, gated: false);
        await using FanOutBench gated = await FanOutBench.OpenAsync(clients, gated: true);
        var results = (Bare: new List<double>(), Gated: new List<double>());
        await bare.RoundAsync();
        await gated.RoundAsync();
        for (int round = 0; round < rounds * 4; round++)
        {
            results.Bare.Add(await bare.RoundAsync());
            results.Gated.Add(await gated.RoundAsync());
        }

        table.Add(new Row($"connect {clients} x 2, s (server's gates)", [bare.ConnectSeconds], [gated.ConnectSeconds], false, 1.5));
        table.Add(new Row($"broadcast and gather, {clients} clients, ms (server's)", results.Bare, results.Gated, false, 1.4));
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private sealed record Row(string What, double Bare, double Gated, double Ratio, double Bar)
    {
        /// <summary>The ratio is the median of each round's own, since the machine's load changes between rounds.</summary>
        public Row(string what, List<double> bare, List<double> gated, bool higherIsBetter, double bar)
            : this(what, Median(bare), Median(gated), Median(bare.Zip(gated, (b, g) => higherIsBetter ? b / g : g / b)), bar)
        {
        }
    }
}
