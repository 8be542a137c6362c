using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;

using Pantry.Tests.Faults;
using Pantry.Tests.Sessions;

namespace Pantry.Tests.EndToEnd;

/// <summary>What is too large, too many or too late costs its own message and nothing else.</summary>
public sealed class LimitsTests
{
    [Fact]
    public async Task A_result_larger_than_a_message_comes_without_its_output_and_the_client_stays()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var commands = new CommandTable();
        commands.Add(new LargeCommand("Large", fleet.Options.Wire.MaxMessageBytes));
        await fleet.AddAsync("a", commands: commands);

        ResultRow row = Assert.Single(await fleet.RunAsync(Target.All, "Large"));

        Assert.Equal((CommandStatus.Succeeded, true, 0), (row.Result.Status, row.Result.Truncated, row.Body(Result.OutputBody).Length));
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.All, "Ping")).Result.Status);
    }

    [Fact]
    public async Task An_order_that_is_cancelled_before_it_arrives_is_never_started()
    {
        var options = new PantryOptions { ResendAfter = TimeSpan.FromMilliseconds(200) };
        await using Fleet fleet = await Fleet.StartAsync(options);
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        int runs = 0;
        var commands = new CommandTable();
        commands.Add(new CountingCommand("Count", () => Interlocked.Increment(ref runs), () => { }));
        await fleet.AddAsync("a", commands: commands, through: fleet.Address with { ReceivePort = proxy.Port });
        // The order goes over the session, which delivers nothing for now.
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("a")!.HearsPublished, "the subscription");
        fleet.Server.Registry.SetHearsPublished(fleet.Server.Registry.Find("a")!.IdentityTopic, hears: false);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        proxy.Pause();
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Count" }, deadline.Token);

        await job.CancelAsync();
        // The connection dies with what it held; the client comes back on a new one.
        proxy.CutAll();
        proxy.Resume();

        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal((CommandStatus.Cancelled, "Cancelled"), (row.Result.Status, row.Result.Error!.Code));
        Assert.Equal(0, runs);
    }

    [Fact]
    public async Task A_name_that_is_given_twice_has_one_row()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        await using RemoteFleet remote = await fleet.ConnectAsync();

        List<ResultRow> rows = await fleet.RunAsync(new JobRequest { Target = new Target { Identities = ["a", "A", "typo", "typo"] }, Command = "Ping" }, remote);

        Assert.Equal(2, rows.Count);
    }

    [Fact]
    public async Task The_largest_order_for_a_list_of_the_longest_names_is_delivered_and_cuts_nobody()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        string filler = string.Join('.', Enumerable.Repeat(new string('x', 62), 3));
        string[] names = [.. Enumerable.Range(0, 20).Select(i => $"h{i}.{filler}")];
        foreach (string name in names)
            await fleet.AddAsync(name, "shop");
        await Fleet.EventuallyAsync(() => names.All(name => fleet.Server.Registry.Find(name)!.HearsPublished), "every client to hear what is published");
        string message = new('m', fleet.Options.Wire.MaxOrderBytes - 100);

        List<ResultRow> rows = await fleet.RunAsync(Target.Clients([.. names, .. Enumerable.Range(0, 1500).Select(i => $"u{i}.{filler}")]), "Echo", new { message });

        Assert.Equal(20, rows.Count(row => row.Result.Status == CommandStatus.Succeeded && Fleet.Text(row).Length == message.Length));
        Assert.Equal(1, fleet.Server.Statistics().OrdersPublished);
        Assert.Equal(0, fleet.Server.Statistics().OrdersSentDirectly);
    }

    [Fact]
    public async Task An_order_larger_than_the_limit_is_refused_and_nothing_is_sent()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");

        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.All, "Echo", new { message = new string('m', fleet.Options.Wire.MaxOrderBytes) }));

        Assert.Equal(PantryErrorCode.MessageTooLarge, error.Code);
    }

    [Fact]
    public void A_state_that_does_not_exist_is_a_fault() => Assert.Equal(
        DecodeFault.BadHead,
        ChannelPair.Create().Deliver(
            [
                new MessageHeader(1, 0, MessageKind.Result, 0).ToBytes(),
                "{\"job\":\"j\",\"status\":99,\"exitCode\":null,\"error\":null,\"format\":\"None\",\"textEncoding\":null,\"truncated\":false,\"startedAt\":null,\"duration\":\"00:00:00\"}"u8.ToArray(),
            ],
            Senders.Client).Fault);

    [Fact]
    public void A_peer_that_has_not_introduced_itself_cannot_make_us_hold_fragments()
    {
        var message = new Message(MessageKind.Result, new Result("j", CommandStatus.Succeeded, null, null, BodyFormat.None, null, false, null, TimeSpan.Zero)) { Bodies = [new byte[100_000]] };
        ChannelPair pair = ChannelPair.Create();

        Assert.Equal(DecodeFault.BadFragment, pair.Server.Open(pair.Send(message).First(), Senders.Client, mayFragment: false).Fault);
    }

    [Fact]
    public async Task Facts_larger_than_a_registration_may_be_are_a_clear_error()
    {
        await using Fleet fleet = await Fleet.StartAsync();

        Pantry.Client.ClientConfiguration configuration = await fleet.ConfigurationAsync("a");
        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.StartAsync(
            configuration with { CustomFacts = new Dictionary<string, string> { ["large"] = new('x', 40_000) } }));

        Assert.Equal(PantryErrorCode.MessageTooLarge, error.Code);
    }

    [Fact]
    public async Task A_console_with_many_jobs_at_once_has_every_row_of_each_and_stays_connected()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => fleet.AddAsync($"h{i}")));
        await using RemoteFleet remote = await fleet.ConnectAsync();

        List<ResultRow>[] jobs = await Task.WhenAll(Enumerable.Range(0, 150).Select(_ => fleet.RunAsync(Target.All, "Ping", fleet: remote)));

        Assert.All(jobs, rows => Assert.Equal(50, rows.Count(row => row.Result.Status == CommandStatus.Succeeded)));
    }

    [Fact]
    public async Task A_console_that_asks_for_more_at_once_than_the_server_answers_is_refused_what_is_too_much()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { MaxOperatorRequests = 0 });
        await using RemoteFleet remote = await fleet.ConnectAsync();

        var error = await Assert.ThrowsAsync<PantryException>(() => remote.VerifyAuditAsync(null, default));

        Assert.Equal(PantryErrorCode.LimitReached, error.Code);
    }

    [Fact]
    public async Task Requests_that_were_answered_make_room_for_others()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { MaxOperatorRequests = 4 });
        await using RemoteFleet remote = await fleet.ConnectAsync();

        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => remote.ListOperatorsAsync(default)));
    }

    [Fact]
    public async Task A_client_that_stops_brings_its_results_home_first()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A POSIX shell is needed.");
        await using Fleet fleet = await Fleet.StartAsync();
        var agent = await fleet.AddAsync("a");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.All, Command = "Shell", Format = BodyFormat.Json, Arguments = Fleet.Json(new { line = "echo begun; exec sleep 600" }) }, deadline.Token);
        await Fleet.EventuallyAsync(() => agent.RunningJobs == 1, "the command to run");

        await agent.StopAsync(forget: false);

        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal(CommandStatus.Cancelled, row.Result.Status);
        Assert.Equal(ClientStatus.Offline, fleet.Info("a").Status);
    }

    [Fact]
    public async Task An_order_whose_time_is_over_when_its_turn_comes_is_not_run()
    {
        var options = new PantryOptions { MaxConcurrentCommands = 1, ClockSkew = TimeSpan.FromMilliseconds(100), ResultGrace = TimeSpan.FromMilliseconds(100) };
        await using Fleet fleet = await Fleet.StartAsync(options);
        var over = new TaskCompletionSource();
        int runs = 0;
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Wait", over.Task));
        commands.Add(new CountingCommand("Count", () => Interlocked.Increment(ref runs), () => { }));
        ClientAgent agent = await fleet.AddAsync("a", commands: commands);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Wait" }, deadline.Token);
        await Fleet.EventuallyAsync(() => agent.RunningJobs == 1, "the first command to run");
        var delivery = TimeSpan.FromSeconds(1);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Count", DeliveryTimeout = delivery }, deadline.Token);
        DateTimeOffset notAfter = DateTimeOffset.UtcNow + delivery + options.ResultGrace + options.ClockSkew;
        await Fleet.EventuallyAsync(() => agent.RunningJobs == 2 && DateTimeOffset.UtcNow > notAfter, "the order's time to be over");

        over.SetResult();

        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal((CommandStatus.Expired, "OrderExpired"), (row.Result.Status, row.Result.Error!.Code));
        Assert.Equal(0, runs);
    }

    private sealed class LargeCommand(string name, int size) : ICommand
    {
        public string Name => name;

        public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) =>
            Task.FromResult(new CommandOutcome { Output = new byte[size], Format = BodyFormat.Clixml });
    }
}
