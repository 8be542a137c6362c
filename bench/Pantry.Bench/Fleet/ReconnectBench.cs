using System.Diagnostics;
using System.Globalization;

namespace Pantry.Bench.Fleet;

/// <summary>The server is killed under its whole fleet and started again: when is everybody back?</summary>
internal static class ReconnectBench
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task<int> RunAsync(int clients)
    {
        using PeerFleet fleet = await PeerFleet.PrepareAsync(clients);
        using var ending = new CancellationTokenSource();
        ServerProcess server = await ServerProcess.StartAsync(fleet.Root);
        (string publish, string receive) = ($"{server.PublishPort}", $"{server.ReceivePort}");
        Task[] staying = [.. fleet.Peers.Select(peer => Task.Run(() => peer.StayAsync(server.PublishPort, server.ReceivePort, ending.Token)))];
        await server.ConnectedAsync(clients);
        foreach (int down in (int[])[0, 10])
        {
            int before = fleet.Peers.Sum(peer => peer.Failures);
            await server.KillAsync();
            await server.DisposeAsync();
            await Task.Delay(TimeSpan.FromSeconds(down));
            long start = Stopwatch.GetTimestamp();
            server = await ServerProcess.StartAsync(fleet.Root, publish, receive);
            double listening = Stopwatch.GetElapsedTime(start).TotalSeconds, most = double.NaN;
            for (int up = 0; up < clients;)
            {
                if (Stopwatch.GetElapsedTime(start) > Patience)
                    throw new TimeoutException($"{up} of {clients} came back within {Patience}.");
                await Task.Delay(50);
                up = int.Parse(await server.AskAsync("count"), CultureInfo.InvariantCulture);
                if (double.IsNaN(most) && up >= clients * 9 / 10)
                    most = Stopwatch.GetElapsedTime(start).TotalSeconds;
            }

            double back = Stopwatch.GetElapsedTime(start).TotalSeconds;
            double answered = double.Parse(await server.AskAsync("ping 0 0 1"), CultureInfo.InvariantCulture);
            Print($"killed, away for {down} s: listens after {listening:0.0} s, nine tenths are back after {most:0.0} s, all {clients} after {back:0.0} s; attempts that failed: {fleet.Peers.Sum(peer => peer.Failures) - before}; then a Ping to all took {answered:0} ms");
            Print($"  server's counters: {await server.CountersAsync()}");
        }

        await ending.CancelAsync();
        foreach (PantryPeer peer in fleet.Peers)
            peer.Cut();
        await Task.WhenAll(staying);
        await server.DisposeAsync();
        return 0;
    }

    private static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
