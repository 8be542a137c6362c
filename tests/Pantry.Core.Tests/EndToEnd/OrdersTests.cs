using System.Diagnostics;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Tests.EndToEnd;

public sealed class OrdersTests
{
    [Fact]
    public async Task A_client_answers_a_ping()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("app.host", "pantry", "test", ["web", "db"]);

        ResultRow row = Assert.Single(await fleet.RunAsync(Target.All, "Ping"));

        Assert.Equal(("app.host", CommandStatus.Succeeded), (row.Client, row.Result.Status));
        Assert.NotNull(row.RoundTrip);
    }

    [Theory]
    [InlineData("pantry", "a,b,bare")]
    [InlineData("pantry.test", "a,bare")]
    [InlineData("pantry.test.web", "a,bare")]
    [InlineData("pantry.prod", "b,bare")]
    [InlineData("b", "b,bare")]
    [InlineData("shop", "bare,c")]
    public async Task An_order_reaches_exactly_those_who_hear_its_stream(string stream, string expected)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a", "pantry", "test", ["web", "db"]);
        await fleet.AddAsync("b", "pantry", "prod", ["web"]);
        await fleet.AddAsync("c", "shop");
        await fleet.AddAsync("bare");

        List<ResultRow> rows = await fleet.RunAsync(Target.OfStreams(stream), "Ping");

        Assert.Equal(expected, string.Join(',', rows.Select(row => row.Client).Order()));
        Assert.All(rows, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
    }

    [Fact]
    public async Task Three_hundred_clients_in_a_list_are_one_publish()
    {
        // On a busy machine 300 answers take longer than it takes to send an order again.
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ResendAfter = TimeSpan.FromSeconds(10) });
        string[] names = [.. Enumerable.Range(0, 300).Select(i => $"host{i:000}")];
        await Parallel.ForEachAsync(names, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (name, _) => await fleet.AddAsync(name, "shop", i(name)));
        await Fleet.EventuallyAsync(() => names.All(name => fleet.Server.Registry.Find(name)!.HearsPublished), "every client to hear what is published");

        long begun = Stopwatch.GetTimestamp();
        List<ResultRow> rows = await fleet.RunAsync(Target.Clients(names), "Ping");
        TestContext.Current.TestOutputHelper!.WriteLine($"300 clients: {Stopwatch.GetElapsedTime(begun).TotalMilliseconds:0} ms");

        Assert.All(rows, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
        Assert.Equal((1, 0), (fleet.Server.Statistics().OrdersPublished, fleet.Server.Statistics().OrdersSentDirectly));

        static string i(string name) => name.EndsWith('7') ? "prod" : "test";
    }

    [Fact]
    public async Task Unknown_clients_have_rows_that_say_so_beside_the_others()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("known");

        List<ResultRow> rows = await fleet.RunAsync(Target.Clients(["known", "typo"]), "Ping");

        Assert.Equal(CommandStatus.Succeeded, rows.Single(row => row.Client == "known").Result.Status);
        Assert.Equal((CommandStatus.Unknown, "UnknownClient"), (rows.Single(row => row.Client == "typo").Result.Status, rows.Single(row => row.Client == "typo").Result.Error!.Code));
    }

    [Fact]
    public async Task A_target_that_nobody_belongs_to_is_an_error_and_sends_nothing()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a", "pantry");

        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.OfStreams("pan"), "Ping"));

        Assert.Equal(PantryErrorCode.NoMatchingClient, error.Code);
        Assert.Equal(0, fleet.Server.Statistics().OrdersPublished);
    }

    [Fact]
    public async Task An_order_before_the_subscription_stands_goes_over_the_session()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a", "pantry");
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("a")!.HearsPublished, "the subscription");
        // As the server would see it in the moment between registration and subscription.
        fleet.Server.Registry.SetHearsPublished(fleet.Server.Registry.Find("a")!.IdentityTopic, hears: false);

        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.All, "Ping")).Result.Status);
        Assert.Equal((0, 1), (fleet.Server.Statistics().OrdersPublished, fleet.Server.Statistics().OrdersSentDirectly));
    }

    [Fact]
    public async Task A_command_the_client_does_not_have_is_named_with_those_it_has()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");

        Result result = Assert.Single(await fleet.RunAsync(Target.All, "Bake")).Result;

        Assert.Equal((CommandStatus.Failed, "UnknownCommand"), (result.Status, result.Error!.Code));
        Assert.Contains("Ping", result.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_the_client_does_not_allow_is_denied_and_not_run()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a", allowed: ["Ping", "Facts"]);
        string file = Path.GetTempFileName();

        Result result = Assert.Single(await fleet.RunAsync(Target.All, "Shell", new { line = $"echo run > {file}" })).Result;

        Assert.Equal((CommandStatus.Denied, "CommandNotAllowed"), (result.Status, result.Error!.Code));
        Assert.Empty(await File.ReadAllTextAsync(file));
        File.Delete(file);
    }

    [Fact]
    public async Task Rows_come_as_they_are_ready_and_the_first_does_not_wait_for_the_slowest()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var gate = new TaskCompletionSource();
        var slow = new CommandTable();
        slow.Add(new WaitingCommand("Meet", gate.Task));
        var fast = new CommandTable();
        fast.Add(new WaitingCommand("Meet", Task.CompletedTask));
        await fleet.AddAsync("slow", commands: slow);
        await fleet.AddAsync("fast", commands: fast);

        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet" }, deadline.Token);
        var seen = new List<string>();
        await foreach (ResultRow row in job.ReadRowsAsync(deadline.Token))
        {
            seen.Add(row.Client);
            gate.TrySetResult();
        }

        Assert.Equal(["fast", "slow"], seen);
    }

    [Fact]
    public async Task A_batch_never_runs_more_than_its_size_and_all_get_their_turn()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        int running = 0, most = 0;
        for (int i = 0; i < 10; i++)
        {
            var table = new CommandTable();
            table.Add(new CountingCommand("Count", () => InterlockedMax(ref most, Interlocked.Increment(ref running)), () => Interlocked.Decrement(ref running)));
            await fleet.AddAsync($"host{i}", "pantry", commands: table);
        }

        List<ResultRow> rows = await fleet.RunAsync(new JobRequest { Target = Target.OfStreams("pantry"), Command = "Count", Plan = new RolloutPlan { BatchSize = new Share(3) } });

        Assert.All(rows, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
        Assert.InRange(most, 1, 3);
    }

    [Fact]
    public async Task After_too_many_failures_no_further_target_is_started()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        for (int i = 0; i < 6; i++)
            await fleet.AddAsync($"host{i}");

        List<ResultRow> rows = await fleet.RunAsync(new JobRequest { Target = Target.All, Command = "NoSuch", Plan = new RolloutPlan { BatchSize = new Share(1), MaxFailure = new Share(1) } });

        Assert.Equal((2, 4), (rows.Count(row => row.Result.Status == CommandStatus.Failed), rows.Count(row => row.Result.Status == CommandStatus.Cancelled)));
        Assert.All(rows.Where(row => row.Result.Status == CommandStatus.Cancelled), row => Assert.Equal("MaxFailureReached", row.Result.Error!.Code));
    }

    [Fact]
    public async Task Cancelling_stops_what_runs_and_every_target_still_has_its_row()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        await using Fleet fleet = await Fleet.StartAsync();
        for (int i = 0; i < 3; i++)
            await fleet.AddAsync($"host{i}");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.All, Command = "Shell", Arguments = Fleet.Json(new { line = "sleep 600" }), Format = BodyFormat.Json }, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Clients.All(client => client.RunningJobs == 1), "the commands to run");

        await job.CancelAsync();

        var rows = new List<ResultRow>();
        await foreach (ResultRow row in job.ReadRowsAsync(deadline.Token))
            rows.Add(row);
        Assert.Equal(["Cancelled", "Cancelled", "Cancelled"], rows.Select(row => row.Result.Error!.Code));
    }

    [Fact]
    public async Task An_operator_over_the_network_sees_what_the_servers_own_session_sees()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        for (int i = 0; i < 200; i++)
            await fleet.AddAsync($"host{i:000}", "shop");
        await using RemoteFleet remote = await fleet.ConnectAsync();

        var clients = new List<ClientInfo>();
        await foreach (ClientInfo client in remote.FindClientsAsync(new ClientFilter { Application = "shop" }, default))
            clients.Add(client);
        List<ResultRow> rows = await fleet.RunAsync(Target.Clients([.. clients.Select(client => client.Identity), "typo"]), "Echo", new { message = new string('x', 100_000) }, fleet: remote);
        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.OfStreams("nowhere"), "Ping", fleet: remote));
        Enrollment enrollment = await remote.EnrolAsync(new Enrol("new", "shop", null, ["web"], 60), default);

        Assert.Equal(200, clients.Count);
        Assert.Equal(Environment.ProcessorCount, clients[0].Facts!.ProcessorCount);
        Assert.Equal(201, rows.Count);
        Assert.Equal(200, rows.Count(row => row.Result.Status == CommandStatus.Succeeded && Fleet.Text(row).Length == 100_000));
        Assert.Equal(PantryErrorCode.NoMatchingClient, error.Code);
        Assert.Equal(("new", fleet.Server.ReceivePort), (enrollment.Identity, enrollment.ReceivePort));
        Assert.Equal("host000", (await remote.DecideAsync(new DecideClient(ClientDecision.Remove, "host000", null), default)).Identity);
        await Assert.ThrowsAsync<PantryException>(() => remote.DecideAsync(new DecideClient(ClientDecision.Remove, "host000", null), default));
    }

    [Fact]
    public async Task Large_output_arrives_whole_up_to_the_cap_and_says_when_it_does_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");

        ResultRow row = Assert.Single(await fleet.RunAsync(Target.All, "Shell", new { line = "head -c 50000000 /dev/zero; head -c 1000000 /dev/zero >&2" }));

        Assert.Equal(CommandStatus.Succeeded, row.Result.Status);
        Assert.True(row.Result.Truncated);
        Assert.Equal((fleet.Options.OutputBytes, 1_000_000), (row.Body(Result.StandardOutputBody).Length, row.Body(Result.StandardErrorBody).Length));
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)))
            Interlocked.CompareExchange(ref most, value, seen);
    }
}
