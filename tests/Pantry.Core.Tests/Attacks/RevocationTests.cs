using System.Diagnostics;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;

namespace Pantry.Tests.Attacks;

/// <summary>A key that is trusted no more is out at once, and nobody else notices.</summary>
public sealed class RevocationTests
{
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(5);

    [Fact]
    public async Task Revoking_a_client_that_runs_a_job_cuts_its_session_ends_its_row_and_its_process_within_five_seconds()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        ClientAgent client = await fleet.AddAsync("a", "shop");
        await fleet.AddAsync("b", "shop");
        ServerSession session = fleet.Server.Registry.Find("a")!.Session!;
        string file = Path.Combine(fleet.Root, "pid");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.Clients(["a"]), Command = "Shell", Format = BodyFormat.Json, Arguments = Fleet.Json(new { line = $"echo $$ > {file}.new; mv {file}.new {file}; exec sleep 600" }) },
            deadline.Token);
        await Fleet.EventuallyAsync(() => File.Exists(file), "the process");
        int process = int.Parse(await File.ReadAllTextAsync(file, deadline.Token), null);

        long begun = Stopwatch.GetTimestamp();
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Revoke, "a", null), deadline.Token);
        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        TimeSpan ended = Stopwatch.GetElapsedTime(begun);
        await Fleet.EventuallyAsync(() => session.Closed && !fleet.Server.Sessions.Contains(session), "the session to be cut", Most);
        TimeSpan cut = Stopwatch.GetElapsedTime(begun);
        await Fleet.EventuallyAsync(() => !IsRunning(process), "the process to be ended", Most);

        TestContext.Current.TestOutputHelper!.WriteLine($"row {ended.TotalMilliseconds:0} ms, session {cut.TotalMilliseconds:0} ms, process {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms");
        Assert.Equal((CommandStatus.Denied, "ClientRevoked"), (row.Result.Status, row.Result.Error!.Code));
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.Zero, Most);
        await Fleet.EventuallyAsync(() => client.Status != ServiceStatus.Running, "the client to be kept out");
        List<ResultRow> rows = await fleet.RunAsync(Target.Clients(["a", "b"]), "Ping");
        Assert.Equal([("a", CommandStatus.Denied), ("b", CommandStatus.Succeeded)], rows.OrderBy(row => row.Client).Select(row => (row.Client, row.Result.Status)));
    }

    [Fact]
    public async Task A_client_that_was_cut_off_while_it_was_revoked_stops_its_commands_when_it_has_been_refused_for_long_enough()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { StopWhenRefusedFor = TimeSpan.FromMilliseconds(500) });
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Wait", new TaskCompletionSource().Task));
        ClientAgent client = await fleet.AddAsync("a", "shop", commands: commands, through: fleet.Address with { ReceivePort = proxy.Port });
        await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.Clients(["a"]), Command = "Wait" }, default);
        await Fleet.EventuallyAsync(() => client.RunningJobs == 1, "the command to run");

        proxy.Pause();
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Revoke, "a", null), default);
        // What the server said last dies with the connection.
        proxy.CutAll();
        proxy.Resume();

        await Fleet.EventuallyAsync(() => client.RunningJobs == 0, "the command to be stopped");
    }

    [Fact]
    public async Task While_others_come_and_are_sent_away_those_who_stay_lose_no_order_and_run_each_once()
    {
        const int Stay = 20;
        // Keys of streams that somebody joins change as often as those of streams that somebody leaves.
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { StreamKeyInterval = TimeSpan.FromMilliseconds(100) });
        int[] ran = new int[Stay];
        string[] names = [.. Enumerable.Range(0, Stay).Select(i => $"stay{i:00}")];
        for (int i = 0; i < Stay; i++)
        {
            int mine = i;
            var commands = new CommandTable();
            commands.Add(new CountingCommand("Count", () => Interlocked.Increment(ref ran[mine]), () => { }));
            await fleet.AddAsync(names[i], "shop", "production", ["web"], commands);
        }

        using var over = new CancellationTokenSource();
        Task<int> churn = ChurnAsync(fleet, over.Token);
        int orders = 0;
        long published = fleet.Server.Statistics().OrdersPublished;
        long begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(8))
        {
            Target target = (orders % 3) switch { 0 => Target.OfStreams("shop.production"), 1 => Target.OfLabels("shop", null, "web"), _ => Target.Clients(names) };
            List<ResultRow> rows = await fleet.RunAsync(target, "Count");
            orders++;
            Assert.All(names, name => Assert.Equal(CommandStatus.Succeeded, rows.Single(row => row.Client == name).Result.Status));
        }

        await over.CancelAsync();
        int sentAway = await churn;

        TestContext.Current.TestOutputHelper!.WriteLine(
            $"{orders} orders, {sentAway} clients sent away, {fleet.Server.Statistics().OrdersPublished - published} published, {fleet.Server.Statistics().OrdersSentDirectly} sent directly");
        Assert.All(ran, times => Assert.Equal(orders, times));
        Assert.InRange(sentAway, 3, int.MaxValue);
    }

    private static async Task<int> ChurnAsync(Fleet fleet, CancellationToken over)
    {
        int round = 0;
        while (!over.IsCancellationRequested)
        {
            string name = $"goes{round}";
            ClientAgent client = await fleet.AddAsync(name, "shop", "production", ["web"]);
            await fleet.Server.Fleet.DecideAsync(
                new DecideClient(round % 2 == 0 ? ClientDecision.Revoke : ClientDecision.Remove, null, client.PublicKey.Fingerprint), default);
            round++;
        }

        return round;
    }

    private static bool IsRunning(int process)
    {
        try
        {
            using Process found = Process.GetProcessById(process);
            return !found.HasExited;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }
}
