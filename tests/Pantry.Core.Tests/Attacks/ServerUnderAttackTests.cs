using System.Net;
using Pantry.Operators;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Transport.Gates;

namespace Pantry.Tests.Attacks;

[Collection(nameof(HostileCrowd))]
public sealed class ServerUnderAttackTests
{
    [Fact]
    public async Task Ten_thousand_hostile_connections_to_every_port_cost_no_command_no_client_and_no_memory_while_commands_run()
    {
        const int Hostile = 10_000;
        await using Fleet fleet = await Fleet.StartAsync();
        for (int i = 0; i < 10; i++)
            await fleet.AddAsync($"honest{i}", "shop");
        IPEndPoint[] ports = [.. new[] { fleet.Server.PublishPort, fleet.Server.ReceivePort, fleet.Server.FilePort }.Select(port => new IPEndPoint(IPAddress.Loopback, port))];
        long before = Memory();
        using var over = new CancellationTokenSource();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));

        // Held half-open from begin to end, by the thousand.
        var held = Enumerable.Range(0, 1_500).Select(i => HostilePeer.HoldAsync(ports[i % 3], ZmtpBytes.Greeting()[..(i % 60)], over.Token)).ToList();
        Task<int> commands = RunCommandsAsync(fleet, over.Token);
        long peak = 0;
        await Parallel.ForAsync(0, Hostile, new ParallelOptions { MaxDegreeOfParallelism = 200, CancellationToken = deadline.Token }, async (number, _) =>
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
            // One byte a second takes longer than anyone waits for; the gates' own deadlines have tests of their own.
            patience.CancelAfter(TimeSpan.FromSeconds(2));
            await HostilePeer.Numbered(number).RunAsync(ports[number % 3], patience.Token);
            if (number % 250 == 0)
                peak = Math.Max(peak, Memory());
        });
        await fleet.AddAsync("newcomer", "shop");
        await over.CancelAsync();
        int ran = await commands;
        await Task.WhenAll(held);

        ServerStatistics statistics = fleet.Server.Statistics();
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{ran} jobs of 10 clients during the attack; memory {before / 1e6:0} MB, at most {peak / 1e6:0} MB; refused: "
            + string.Join(", ", statistics.ConnectionsRefused.Select(pair => $"{pair.Key} {pair.Value}")));
        Assert.True(ran > 5, $"only {ran} jobs could run");
        Assert.InRange(peak - before, long.MinValue, 400_000_000);
        Assert.Equal(11, (await fleet.RunAsync(Target.OfStreams("shop"), "Ping")).Count(row => row.Result.Status == CommandStatus.Succeeded));
        Assert.True(statistics.ConnectionsRefused.Values.Sum() > Hostile / 2);
        Assert.Equal(0, statistics.MessagesDropped.GetValueOrDefault("HandlerFailed"));
    }

    private static async Task<int> RunCommandsAsync(Fleet fleet, CancellationToken over)
    {
        int ran = 0;
        string[] names = [.. Enumerable.Range(0, 10).Select(i => $"honest{i}")];
        while (!over.IsCancellationRequested)
        {
            List<ResultRow> rows = await fleet.RunAsync(Target.Clients(names), "Echo", new { message = $"round {ran}" });
            Assert.All(rows, row => Assert.Equal((CommandStatus.Succeeded, $"round {ran}"), (row.Result.Status, Fleet.Text(row))));
            ran++;
        }

        return ran;
    }

    private static long Memory() => GC.GetTotalMemory(forceFullCollection: false);
}
