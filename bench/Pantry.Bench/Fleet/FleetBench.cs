using System.Globalization;

namespace Pantry.Bench.Fleet;

/// <summary>
/// A fleet that is played, with all security on, beside the same sockets and sizes with bare NetMQ as the server, plain
/// and with NetMQ's CURVE. Rounds alternate and the best of each counts, since other work comes and goes.
/// </summary>
internal static class FleetBench
{
    private const int Trips = 200;
    private const int Results = 6000;

    public static async Task<int> RunAsync(string[] args)
    {
        int clients = Options.Number(args, "--clients", 1000), rounds = Options.Number(args, "--rounds", 3);
        if (args.Contains("--reconnect"))
            return await ReconnectBench.RunAsync(clients);
        if (Array.IndexOf(args, "--profile") is >= 0 and var at)
            return await ProfileBench.RunAsync(clients, Options.Number(args, "--seconds", 30), args[at + 1], Options.Number(args, "--count", 1));

        using PeerFleet fleet = await PeerFleet.PrepareAsync(clients);
        await using var plain = new FleetSide("NetMQ plain", Floor(clients, curve: false), () => ServerProcess.StartAsync("floor", "plain"));
        await using var curve = new FleetSide("NetMQ CURVE", Floor(clients, curve: true), () => ServerProcess.StartAsync("floor", "curve"));
        await using var pantry = new FleetSide("Pantry", fleet.Peers, () => ServerProcess.StartAsync(fleet.Root), fleet);
        FleetSide[] sides = [pantry, plain, curve];
        foreach (FleetSide side in sides)
            await side.MeasureMemoryAsync();

        (int Order, int Answer) sizes = (1024, 512);
        for (int round = -1; round < rounds; round++)
        {
            foreach (FleetSide side in sides)
            {
                await side.RunAsync(sizes, Trips, Math.Max(2, Results / clients), counts: round >= 0);
                // What an order and a result of Pantry have, the floors send too.
                sizes = fleet.Peers[0].Sizes;
            }
        }

        Print($"{Environment.ProcessorCount} cores, {clients} clients in one process, the server in another; order {sizes.Order} bytes, answer {sizes.Answer}; best of {rounds} alternating rounds.");
        FleetTable.Write(clients, pantry.Best, plain.Best, curve.Best);
        string counters = await pantry.CountersAsync();
        Print($"server's counters: {(counters.Length > 0 ? counters : "nothing was dropped")}");
        return 0;
    }

    private static FloorPeer[] Floor(int clients, bool curve) => [.. Enumerable.Range(0, clients).Select(_ => new FloorPeer(curve))];

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
