using Pantry.Client;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Tests.EndToEnd;

/// <summary>Stopping at any moment: nothing hangs, nothing is left, every row ends.</summary>
public sealed class StopTests
{
    [Fact]
    public async Task A_job_given_to_a_server_that_was_stopped_is_refused_instead_of_never_ending()
    {
        Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        await fleet.DisposeAsync();

        var error = await Assert.ThrowsAsync<PantryException>(() => fleet.RunAsync(Target.All, "Ping"));

        Assert.Equal(PantryErrorCode.Stopped, error.Code);
    }

    [Fact]
    public async Task Jobs_that_are_started_while_the_server_stops_all_end()
    {
        Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("a");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        Task[] starting = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            while (true)
            {
                try
                {
                    IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, deadline.Token);
                    Assert.Equal(1, await job.ReadRowsAsync(deadline.Token).CountAsync(deadline.Token));
                }
                catch (PantryException stopped) when (stopped.Code == PantryErrorCode.Stopped)
                {
                    return;
                }
            }
        }))];
        await Fleet.EventuallyAsync(() => fleet.Server.Statistics().OrdersPublished > 20, "some jobs");

        await fleet.Server.DisposeAsync();

        await Task.WhenAll(starting);
        await fleet.DisposeAsync();
    }

    [Fact]
    public async Task A_console_has_every_row_of_a_job_though_the_server_was_stopped_and_started_in_the_middle()
    {
        Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        for (int i = 0; i < 150; i++)
            await fleet.AddAsync($"h{i}", commands: Waiting());
        await using RemoteFleet remote = await fleet.ConnectAsync();
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        IJob job = await remote.StartJobAsync(new JobRequest { Target = Target.All, Command = "Wait" }, deadline.Token);
        Task<int> reading = Task.Run(async () => await job.ReadRowsAsync(deadline.Token).CountAsync(deadline.Token));

        await fleet.RestartServerAsync();
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.List(new ClientFilter { Status = ClientStatus.Online }).Count == 150, "all to be back");
        foreach (ClientAgent client in fleet.Clients)
            await client.DisposeAsync();

        Assert.Equal(150, await reading);
        await fleet.DisposeAsync();
    }

    [Fact]
    public async Task A_console_that_took_a_job_up_again_is_told_no_row_of_a_server_that_stops()
    {
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        var finish = new TaskCompletionSource();
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Wait", finish.Task));
        await fleet.AddAsync("a", commands: commands);
        await using RemoteFleet remote = await fleet.ConnectAsync();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob given = await remote.StartJobAsync(new JobRequest { Target = Target.All, Command = "Wait" }, deadline.Token);
        IJob opened = await remote.OpenJobAsync(given.Id, 0, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Clients[0].RunningJobs == 1, "the command to run");
        long before = fleet.Server.Statistics().MessagesReceived;
        Task<List<ResultRow>> reading = Task.Run(async () => await opened.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token));
        await Fleet.EventuallyAsync(() => fleet.Server.Statistics().MessagesReceived > before, "the question for rows");

        await fleet.RestartServerAsync();
        finish.SetResult();

        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await reading).Result.Status);
    }

    [Fact]
    public async Task An_order_that_reaches_a_client_which_is_stopping_is_not_left_running()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var stubborn = new TaskCompletionSource();
        var commands = new CommandTable();
        commands.Add(new StubbornCommand("Stubborn", stubborn.Task));
        commands.Add(new WaitingCommand("Wait", new TaskCompletionSource().Task));
        ClientAgent agent = await fleet.AddAsync("a", commands: commands);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Stubborn" }, deadline.Token);
        await Fleet.EventuallyAsync(() => agent.RunningJobs == 1, "the command to run");

        Task stopping = agent.StopAsync(forget: false);
        await Fleet.EventuallyAsync(() => agent.Status == ServiceStatus.Stopped, "the stop to begin");
        IJob late = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Wait" }, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Find(late.Id)!.Progress.OpenTargets().All(target => target.Accepted), "the order to be taken");
        stubborn.SetResult();
        await stopping;

        Assert.Equal(CommandStatus.Cancelled, (await late.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token)).Result.Status);
        Assert.Equal(0, agent.RunningJobs);
    }

    [Fact]
    public async Task A_client_whose_loop_was_closed_first_stops_without_an_error()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        SocketLoop loop = SocketLoop.Start("short", 64, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        RemoteFleet remote = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("short"), loop);
        await loop.DisposeAsync();

        await remote.DisposeAsync().AsTask().WaitAsync(Fleet.Deadline);
    }

    [Fact]
    public async Task A_console_that_reads_no_further_leaves_no_rows_waiting_at_the_server()
    {
        await using Fleet fleet = await Fleet.StartAsync(new Pantry.Configuration.PantryOptions { RowWindow = 4 });
        for (int i = 0; i < 20; i++)
            await fleet.AddAsync($"h{i}");
        await using RemoteFleet remote = await fleet.ConnectAsync();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await remote.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping" }, deadline.Token);

        await foreach (ResultRow _ in job.ReadRowsAsync(deadline.Token))
            break;

        await Fleet.EventuallyAsync(() => fleet.Server.OpenFeeds == 0, "the rows to be let go");
    }

    [Fact]
    public async Task A_target_taken_off_the_list_before_its_batch_has_its_row_at_once()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var finish = new TaskCompletionSource();
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Meet", finish.Task));
        await fleet.AddAsync("a", commands: commands);
        await fleet.AddAsync("b", commands: commands);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(8));
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.Clients(["a", "b"]), Command = "Meet", Plan = new RolloutPlan { BatchSize = new Share(1) } }, deadline.Token);

        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, "b", null), deadline.Token);
        finish.SetResult();

        List<ResultRow> rows = await job.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token);
        Assert.Equal([("a", CommandStatus.Succeeded), ("b", CommandStatus.Unknown)], rows.Select(row => (row.Client, row.Result.Status)));
    }

    [Fact]
    public async Task Large_results_of_many_commands_at_once_all_arrive_at_the_first_try()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var finish = new TaskCompletionSource();
        var commands = new CommandTable();
        commands.Add(new LargeCommand("Large", finish.Task));
        await fleet.AddAsync("a", commands: commands);
        Task<List<ResultRow>>[] jobs = [.. Enumerable.Range(0, 16).Select(_ => fleet.RunAsync(Target.All, "Large"))];
        await Fleet.EventuallyAsync(() => fleet.Clients[0].RunningJobs == 16, "all to run");

        finish.SetResult();

        Assert.All(await Task.WhenAll(jobs), rows => Assert.Equal(2_000_000, Assert.Single(rows).Body(Result.OutputBody).Length));
        Assert.Empty(fleet.Server.Statistics().MessagesDropped);
    }

    private static CommandTable Waiting()
    {
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Wait", new TaskCompletionSource().Task));
        return commands;
    }

    private sealed class StubbornCommand(string name, Task end) : ICommand
    {
        public string Name => name;

        public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
        {
            await end;
            return new CommandOutcome();
        }
    }

    private sealed class LargeCommand(string name, Task go) : ICommand
    {
        public string Name => name;

        public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
        {
            await go.WaitAsync(cancellation);
            return new CommandOutcome { Output = new byte[2_000_000], Format = BodyFormat.Clixml };
        }
    }
}
