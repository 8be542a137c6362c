using System.Net;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Transport.Gates;

namespace Pantry.Tests.Attacks;

[Collection(nameof(HostileCrowd))]
public sealed class ServerUnderAttackTests
{
    [Fact]
    public async Task Ten_thousand_hostile_connections_to_every_port_cost_no_command_and_no_client_and_bounded_memory_while_bare_NetMQ_dies_of_one_frame()
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
        // And some that send a byte a second, as long as they are let.
        held.AddRange(Enumerable.Range(0, 60).Select(i => TrickleAsync(ports[i % 3], over.Token)));
        Task<int> commands = RunCommandsAsync(fleet, over.Token);
        long peak = 0;
        await Parallel.ForAsync(0, Hostile, new ParallelOptions { MaxDegreeOfParallelism = 200, CancellationToken = deadline.Token }, async (number, _) =>
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
            // One byte a second takes longer than anyone waits for; the gates' own deadlines have tests of their own.
            patience.CancelAfter(TimeSpan.FromSeconds(2));
            await HostilePeer.Numbered(number).RunAsync(ports[number % 3], patience.Token);
            if (number % 250 == 0)
                InterlockedMax(ref peak, Memory());
        });
        await fleet.AddAsync("newcomer", "shop");

        // What the gate is for: the same frames, sent straight to a NetMQ socket, end its process.
        await using BareNetMq bare = await BareNetMq.StartAsync();
        foreach (HostilePeer peer in HostilePeer.All.Where(peer => peer.Port == AttackedPort.Receive))
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token);
            patience.CancelAfter(TimeSpan.FromMilliseconds(500));
            await peer.RunAsync(bare.EndPoint, patience.Token);
        }

        Assert.True(await bare.HasDiedAsync(deadline.Token), "Bare NetMQ survived the frames that the gate keeps from it.");
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

    private static async Task<bool> TrickleAsync(IPEndPoint port, CancellationToken over)
    {
        try
        {
            return await HostilePeer.TrickleAsync(port, ZmtpBytes.Greeting(), TimeSpan.FromSeconds(1), over);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static long Memory() => Environment.WorkingSet;

    private static void InterlockedMax(ref long most, long value)
    {
        long seen;
        while (value > (seen = Interlocked.Read(ref most)))
            Interlocked.CompareExchange(ref most, value, seen);
    }
}
