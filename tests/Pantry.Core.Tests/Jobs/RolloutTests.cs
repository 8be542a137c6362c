using Pantry.Client;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Jobs;

/// <summary>Orders that wait for a turn, for a client, or for enough who are ready.</summary>
public sealed class RolloutTests
{
    [Fact]
    public async Task An_order_waits_for_a_client_that_is_offline_and_runs_when_it_comes()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("here");
        ClientConfiguration away = await fleet.ConfigurationAsync("away");
        await using (await fleet.StartAsync(away))
        {
        }

        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping", Plan = new RolloutPlan { Queue = true } }, deadline.Token);
        await using IAsyncEnumerator<ResultRow> rows = job.ReadRowsAsync(deadline.Token).GetAsyncEnumerator(deadline.Token);
        Assert.True(await rows.MoveNextAsync());
        Assert.Equal("here", rows.Current.Client);
        QueuedOrder queued = await fleet.Server.Fleet.FindQueuedAsync(new JobFilter(), deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal((job.Id, "away", "Ping"), (queued.JobId, queued.Client, queued.Command));

        await fleet.StartAsync(away with { Enrollment = null });

        Assert.True(await rows.MoveNextAsync());
        Assert.Equal(("away", CommandStatus.Succeeded), (rows.Current.Client, rows.Current.Result.Status));
        Assert.Empty(await fleet.Server.Fleet.FindQueuedAsync(new JobFilter(), deadline.Token).ToListAsync(deadline.Token));
    }

    [Fact]
    public async Task An_order_in_the_queue_outlives_a_restart_of_the_server_and_can_be_taken_out()
    {
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        foreach (string name in (string[])["one", "two"])
        {
            await using (await fleet.AddAsync(name))
            {
            }
        }

        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Ping", Plan = new RolloutPlan { Queue = true } }, deadline.Token);

        await fleet.RestartServerAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        Assert.Equal(["one", "two"], await console.FindQueuedAsync(new JobFilter { Id = job.Id }, deadline.Token).Select(order => order.Client).Order().ToListAsync(deadline.Token));
        await console.UnqueueAsync(job.Id, "one", deadline.Token);

        await Assert.ThrowsAsync<PantryException>(() => console.UnqueueAsync(job.Id, "one", deadline.Token));
        Assert.Equal("two", (await console.FindQueuedAsync(new JobFilter(), deadline.Token).SingleAsync(deadline.Token)).Client);
        IJob opened = await console.OpenJobAsync(job.Id, 0, deadline.Token);
        ResultRow row = await opened.ReadRowsAsync(deadline.Token).FirstAsync(deadline.Token);
        Assert.Equal(("one", CommandStatus.Cancelled, "Unqueued"), (row.Client, row.Result.Status, row.Result.Error!.Code));
    }

    [Fact]
    public async Task An_order_in_the_queue_that_is_over_ends_as_expired()
    {
        var options = new Pantry.Configuration.PantryOptions { ClockSkew = TimeSpan.Zero };
        await using Fleet fleet = await Fleet.StartAsync(options);
        await using (await fleet.AddAsync("away"))
        {
        }

        ResultRow row = Assert.Single(await fleet.RunAsync(
            new JobRequest { Target = Target.All, Command = "Ping", ValidFor = TimeSpan.FromSeconds(1), Plan = new RolloutPlan { Queue = true } }));

        Assert.Equal((CommandStatus.Expired, "OrderExpired"), (row.Result.Status, row.Result.Error!.Code));
    }

    [Fact]
    public async Task Nothing_runs_anywhere_where_too_few_are_ready()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        int runs = 0;
        await fleet.AddAsync("willing", commands: Counting(() => Interlocked.Increment(ref runs)));
        await fleet.AddAsync("unable");
        await fleet.AddAsync("unwilling", commands: Counting(() => Interlocked.Increment(ref runs)), allowed: ["Ping"]);

        List<ResultRow> rows = await fleet.RunAsync(new JobRequest { Target = Target.All, Command = "Count", Plan = new RolloutPlan { Quorum = new Share(2) } });

        Assert.Equal(0, runs);
        Assert.Equal(("willing", "QuorumNotReached"), rows.Where(row => row.Result.Status == CommandStatus.Cancelled).Select(row => (row.Client, row.Result.Error!.Code)).Single());
        Assert.Equal(["UnknownCommand"], rows.Where(row => row.Client == "unable").Select(row => row.Result.Error!.Code));
        Assert.Equal([CommandStatus.Denied], rows.Where(row => row.Client == "unwilling").Select(row => row.Result.Status));
    }

    [Fact]
    public async Task Where_enough_are_ready_those_run()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        int runs = 0;
        foreach (string name in (string[])["a", "b"])
            await fleet.AddAsync(name, commands: Counting(() => Interlocked.Increment(ref runs)));
        await fleet.AddAsync("unable");

        List<ResultRow> rows = await fleet.RunAsync(new JobRequest { Target = Target.All, Command = "Count", Plan = new RolloutPlan { Quorum = new Share(60, IsPercent: true) } });

        Assert.Equal(2, runs);
        Assert.Equal(2, rows.Count(row => row.Result.Status == CommandStatus.Succeeded));
    }

    [Fact]
    public async Task A_suspended_job_starts_nobody_until_it_is_resumed_also_across_a_restart()
    {
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        var finish = new TaskCompletionSource();
        foreach (string name in (string[])["a", "b", "c"])
        {
            var commands = new CommandTable();
            commands.Add(new WaitingCommand("Meet", finish.Task));
            await fleet.AddAsync(name, commands: commands);
        }

        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet", Plan = new RolloutPlan { BatchSize = new Share(1) } }, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Clients.Sum(client => client.RunningJobs) == 1, "one to be at work");
        Assert.Equal(PantryJobState.Suspended, (await fleet.Server.Fleet.ControlJobAsync(job.Id, JobAction.Suspend, deadline.Token)).State);
        finish.SetResult();
        await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Find(job.Id)!.Rows.Count == 1, "the row of the one");

        await fleet.RestartServerAsync();
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.List(new ClientFilter { Status = ClientStatus.Online }).Count == 3, "all to be back");
        Assert.Equal(1, fleet.Server.Jobs.Find(job.Id)!.Rows.Count);
        await using RemoteFleet console = await fleet.ConnectAsync();
        await console.ControlJobAsync(job.Id, JobAction.Resume, deadline.Token);

        IJob opened = await console.OpenJobAsync(job.Id, 0, deadline.Token);
        Assert.All(await opened.ReadRowsAsync(deadline.Token).ToListAsync(deadline.Token), row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
        Assert.Equal(PantryJobState.Ended, (await console.FindJobsAsync(new JobFilter { Id = job.Id }, deadline.Token).SingleAsync(deadline.Token)).State);
    }

    [Fact]
    public async Task The_first_targets_succeed_before_the_others_begin_and_one_that_fails_stops_them()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        for (int i = 0; i < 6; i++)
            await fleet.AddAsync($"h{i}", commands: Counting(() => { }));

        List<ResultRow> good = await fleet.RunAsync(new JobRequest { Target = Target.All, Command = "Count", Plan = new RolloutPlan { Canary = new Share(2), BatchSize = new Share(3) } });
        List<ResultRow> bad = await fleet.RunAsync(new JobRequest { Target = Target.All, Command = "NoSuch", Plan = new RolloutPlan { Canary = new Share(2) } });

        Assert.All(good, row => Assert.Equal(CommandStatus.Succeeded, row.Result.Status));
        Assert.Equal(2, bad.Count(row => row.Result.Error!.Code == "UnknownCommand"));
        Assert.Equal(4, bad.Count(row => row.Result.Error!.Code == "CanaryFailed"));
    }

    private static CommandTable Counting(Action run)
    {
        var commands = new CommandTable();
        commands.Add(new CountingCommand("Count", run, () => { }));
        return commands;
    }
}
