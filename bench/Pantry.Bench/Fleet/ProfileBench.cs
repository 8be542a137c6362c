using System.Diagnostics;
using System.Globalization;

namespace Pantry.Bench.Fleet;

/// <summary>One measurement again and again, so that a profiler can look at the server's process.</summary>
internal static class ProfileBench
{
    public static async Task<int> RunAsync(int clients, int seconds, string what, int count)
    {
        using PeerFleet fleet = await PeerFleet.PrepareAsync(clients);
        await using ServerProcess server = await ServerProcess.StartAsync(fleet.Root);
        await Task.WhenAll(fleet.Peers.Select(peer => Task.Run(() => peer.ConnectAsync(server.PublishPort, server.ReceivePort))));
        await server.ConnectedAsync(clients);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the server is process {server.Id}"));
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(seconds))
        {
            double server0 = await server.ProcessorSecondsAsync(), own0 = Environment.CpuUsage.TotalTime.TotalSeconds;
            string took = await server.AskAsync(string.Create(CultureInfo.InvariantCulture, $"{what} 0 0 {count}"));
            double served = await server.ProcessorSecondsAsync() - server0, own = Environment.CpuUsage.TotalTime.TotalSeconds - own0;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{took}  (processor: server {served:0.00} s, clients {own:0.00} s)"));
        }

        Console.WriteLine($"server's counters: {await server.CountersAsync()}");
        return 0;
    }
}
