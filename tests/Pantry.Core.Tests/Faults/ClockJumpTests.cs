using System.Diagnostics;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Faults;

/// <summary>Clocks that are set while jobs are under way: validity goes by the time of day, all other waiting does not.</summary>
public sealed class ClockJumpTests
{
    private static readonly PantryOptions Quick = new()
    {
        HeartbeatInterval = TimeSpan.FromMilliseconds(200),
        DeadAfter = TimeSpan.FromSeconds(1),
        SweepInterval = TimeSpan.FromMilliseconds(50),
        ResendAfter = TimeSpan.FromMilliseconds(300),
    };

    [Theory]
    [InlineData(1, "Expired OrderExpired")]
    [InlineData(-1, "Succeeded")]
    public async Task When_the_servers_clock_is_set_what_runs_goes_on_and_what_waits_is_judged_by_its_validity(int hours, string waited)
    {
        var clock = new JumpClock();
        await using Fleet fleet = await Fleet.StartAsync(Quick, time: clock);
        var finish = new TaskCompletionSource();
        foreach (string name in (string[])["a", "b"])
            await fleet.AddAsync(name, commands: Meeting(finish.Task));
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.Clients(["a", "b"]), Command = "Meet", ValidFor = TimeSpan.FromMinutes(10), Plan = new RolloutPlan { BatchSize = new Share(1) } }, deadline.Token);
        await Fleet.EventuallyAsync(() => fleet.Clients[0].RunningJobs == 1, "the first to be at work");

        clock.Jump(TimeSpan.FromHours(hours));
        if (hours > 0)
            await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Find(job.Id)!.Rows.Count == 1, "the second to end");
        finish.SetResult();

        Dictionary<string, string> rows = await job.ReadRowsAsync(deadline.Token).ToDictionaryAsync(row => row.Client, FaultJob.Ending, cancellationToken: deadline.Token);
        Assert.Equal(("Succeeded", waited), (rows["a"], rows["b"]));
        Assert.All(fleet.Server.Registry.List(new ClientFilter()), client => Assert.Equal(ClientStatus.Online, client.Status));
    }

    [Theory]
    [InlineData(1, "ClockSkew")]
    [InlineData(-1, "OrderExpired")]
    public async Task An_order_of_a_server_whose_clock_was_set_is_refused_by_name_and_stands_again_when_the_clock_is_right(int hours, string code)
    {
        var clock = new JumpClock();
        await using Fleet fleet = await Fleet.StartAsync(Quick, time: clock);
        await fleet.AddAsync("a");
        clock.Jump(TimeSpan.FromHours(hours));
        Assert.Equal($"Expired {code}", FaultJob.Ending(Assert.Single(await fleet.RunAsync(Target.All, "Ping"))));

        clock.Jump(TimeSpan.FromHours(-hours));

        Assert.Equal("Succeeded", FaultJob.Ending(Assert.Single(await fleet.RunAsync(Target.All, "Ping"))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task A_client_that_falls_silent_is_offline_when_its_time_is_over_though_the_servers_clock_was_set(int hours)
    {
        var clock = new JumpClock();
        await using Fleet fleet = await Fleet.StartAsync(Quick, time: clock);
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        await fleet.AddAsync("a", through: fleet.Address with { ReceivePort = proxy.Port });

        proxy.Pause();
        proxy.CutAll();
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("a")!.Session is null, "the link to be lost");
        DateTimeOffset seen = fleet.Info("a").LastSeen!.Value;
        long lost = Stopwatch.GetTimestamp();
        clock.Jump(TimeSpan.FromHours(hours));

        await Fleet.EventuallyAsync(() => fleet.Info("a").Status == ClientStatus.Offline, "the client to be missed", TimeSpan.FromSeconds(15));
        Assert.Equal(seen, fleet.Info("a").LastSeen);
        // It was heard up to a heartbeat before its link was lost.
        Assert.InRange(Stopwatch.GetElapsedTime(lost), Quick.DeadAfter - (Quick.HeartbeatInterval * 2), TimeSpan.FromSeconds(15));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Who_does_not_say_whether_it_is_ready_is_waited_for_as_long_as_ordered_though_the_servers_clock_is_set(int hours)
    {
        var clock = new JumpClock();
        await using Fleet fleet = await Fleet.StartAsync(Quick with { DeadAfter = TimeSpan.FromSeconds(30) }, time: clock);
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        await fleet.AddAsync("a");
        await fleet.AddAsync("b", through: fleet.Address with { ReceivePort = proxy.Port });
        proxy.Pause();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(15));
        long begun = Stopwatch.GetTimestamp();
        IJob job = await fleet.Server.Fleet.StartJobAsync(
            new JobRequest
            {
                Target = Target.All,
                Command = "Ping",
                DeliveryTimeout = TimeSpan.FromSeconds(2),
                ValidFor = TimeSpan.FromHours(5),
                Plan = new RolloutPlan { Quorum = new Share(2) },
            }, deadline.Token);

        clock.Jump(TimeSpan.FromHours(hours));

        Dictionary<string, string> rows = await job.ReadRowsAsync(deadline.Token).ToDictionaryAsync(row => row.Client, FaultJob.Ending, cancellationToken: deadline.Token);
        Assert.Equal(("Cancelled QuorumNotReached", "Offline NotPrepared"), (rows["a"], rows["b"]));
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.FromSeconds(1.9), TimeSpan.FromSeconds(15));
        proxy.Resume();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task When_a_clients_clock_is_set_its_command_has_the_time_it_was_given_neither_less_nor_more(int hours)
    {
        var clock = new JumpClock();
        await using Fleet fleet = await Fleet.StartAsync(Quick);
        var finish = new TaskCompletionSource();
        ClientAgent client = await fleet.StartAsync(await fleet.ConfigurationAsync("a"), Meeting(finish.Task), time: clock);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        IJob longer = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet", Timeout = TimeSpan.FromMinutes(10) }, deadline.Token);
        long begun = Stopwatch.GetTimestamp();
        IJob shorter = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Meet", Timeout = TimeSpan.FromSeconds(1.5) }, deadline.Token);
        await Fleet.EventuallyAsync(() => client.RunningJobs == 2, "both to run");

        clock.Jump(TimeSpan.FromHours(hours));

        Assert.Equal("TimedOut RunTimedOut", FaultJob.Ending(await shorter.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token)));
        Assert.InRange(Stopwatch.GetElapsedTime(begun), TimeSpan.FromSeconds(1.4), TimeSpan.FromSeconds(20));
        Assert.Equal(1, client.RunningJobs);
        finish.SetResult();
        Assert.Equal("Succeeded", FaultJob.Ending(await longer.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token)));
        // What comes after that is judged by the clock as it is.
        Assert.Equal(hours > 0 ? "Expired OrderExpired" : "Expired ClockSkew", FaultJob.Ending(Assert.Single(await fleet.RunAsync(Target.All, "Ping"))));
    }

    [Fact]
    public async Task Keys_that_ask_to_be_let_in_find_a_place_though_the_servers_clock_was_set_back()
    {
        var clock = new JumpClock();
        await using Fleet fleet = await Fleet.StartAsync(Quick with { PendingClaimsASecond = 50 }, time: clock);
        clock.Jump(TimeSpan.FromHours(-1));
        int asked = 0;
        await Fleet.EventuallyAsync(
            () =>
            {
                try
                {
                    // More than are let in at once.
                    for (; asked < 600; asked++)
                    {
                        using CurveKeyPair key = CurveKeyPair.Generate();
                        fleet.Server.Admission.Judge(key.PublicKey, ClientLabels.Create($"new{asked}", null, null, null), null, "192.0.2.1");
                    }

                    return true;
                }
                catch (PantryException full) when (full.Code == PantryErrorCode.LimitReached)
                {
                    return false;
                }
            },
            "the keys to be taken in");
    }

    private static CommandTable Meeting(Task finish)
    {
        var commands = new CommandTable();
        commands.Add(new WaitingCommand("Meet", finish));
        return commands;
    }
}
