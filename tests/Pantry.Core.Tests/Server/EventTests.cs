using System.Collections.Concurrent;
using Pantry.Client;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Security;
using Pantry.Server.Events;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Server;

/// <summary>What happens, as those hear of it who watch.</summary>
public sealed class EventTests
{
    [Fact]
    public async Task An_administrator_hears_of_clients_jobs_and_decisions_here_and_elsewhere()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        await using var here = new Watcher(fleet.Server.Fleet);
        await using var there = new Watcher(console);
        await Fleet.EventuallyAsync(() => fleet.Server.Events.Watches == 2, "both to watch");

        ClientAgent client = await fleet.AddAsync("a", "shop");
        string job = (await RunAsync(fleet.Server.Fleet, Target.All)).Id;
        await client.DisposeAsync();
        await fleet.Server.Fleet.DecideAsync(new Pantry.Protocol.DecideClient(Pantry.Protocol.ClientDecision.Revoke, "a", null), default);

        foreach (Watcher watcher in (Watcher[])[here, there])
        {
            await watcher.SeesAsync(seen => seen is { Kind: PantryEventKind.ClientOnline, Client: "a" });
            await watcher.SeesAsync(seen => seen.Kind == PantryEventKind.JobStarted && seen.JobId == job && seen.Operator == Pantry.Server.Authority.LocalOperator);
            await watcher.SeesAsync(seen => seen.Kind == PantryEventKind.JobEnded && seen.JobId == job && seen.Detail == "1 Succeeded");
            await watcher.SeesAsync(seen => seen is { Kind: PantryEventKind.ClientOffline, Client: "a" });
            await watcher.SeesAsync(seen => seen is { Kind: PantryEventKind.Security, Client: "a" } && seen.Detail.StartsWith("ClientRevoke a: Done", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task An_operator_hears_of_own_jobs_and_of_clients_in_scope_only()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("mary", false, "shop:*"));
        await using var watcher = new Watcher(console);
        await Fleet.EventuallyAsync(() => fleet.Server.Events.Watches == 1, "the console to watch");

        await fleet.AddAsync("mine", "shop");
        await fleet.AddAsync("foreign", "mail");
        string foreign = (await RunAsync(fleet.Server.Fleet, Target.All)).Id;
        IJob own = await RunAsync(console, Target.OfStreams("shop"));

        await watcher.SeesAsync(seen => seen.Kind == PantryEventKind.JobEnded && seen.JobId == own.Id);
        Assert.Contains(watcher.Seen, seen => seen.Kind == PantryEventKind.JobStarted && seen.JobId == own.Id);
        Assert.Contains(watcher.Seen, seen => seen is { Kind: PantryEventKind.ClientOnline, Client: "mine" });
        Assert.DoesNotContain(watcher.Seen, seen => seen.JobId == foreign || seen.Client == "foreign" || seen.Kind == PantryEventKind.Security);
    }

    [Fact]
    public async Task An_operator_hears_who_cancelled_the_own_job()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("mary", false, "shop:*"));
        await using var watcher = new Watcher(console);
        await Fleet.EventuallyAsync(() => fleet.Server.Events.Watches == 1, "the console to watch");
        await fleet.AddAsync("a", "shop", commands: new CommandTable(new WaitingCommand("Forever", new TaskCompletionSource().Task)));
        IJob job = await console.StartJobAsync(new JobRequest { Target = Target.OfStreams("shop"), Command = "Forever" }, default);

        await fleet.Server.Fleet.ControlJobAsync(job.Id, Pantry.Protocol.JobAction.Cancel, default);

        await watcher.SeesAsync(seen => seen.Kind == PantryEventKind.JobCancelled && seen.JobId == job.Id && seen.Operator == Pantry.Server.Authority.LocalOperator);
        await watcher.SeesAsync(seen => seen.Kind == PantryEventKind.JobEnded && seen.JobId == job.Id);
    }

    [Fact]
    public async Task After_a_reconnect_the_console_is_told_that_events_may_be_missing_and_hears_on()
    {
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        await using RemoteFleet console = await fleet.ConnectAsync();
        await using var watcher = new Watcher(console);
        await Fleet.EventuallyAsync(() => fleet.Server.Events.Watches == 1, "the console to watch");

        await fleet.RestartServerAsync();

        await watcher.SeesAsync(seen => seen.Kind == PantryEventKind.Reconnected);
        await fleet.AddAsync("late");
        await watcher.SeesAsync(seen => seen is { Kind: PantryEventKind.ClientOnline, Client: "late" });
    }

    [Fact]
    public async Task A_watch_that_nobody_wants_any_more_is_forgotten()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { MaxWatches = 2 });
        RemoteFleet console = await fleet.ConnectAsync();
        var first = new Watcher(console);
        await using var second = new Watcher(console);
        await Fleet.EventuallyAsync(() => fleet.Server.Events.Watches == 2, "both to watch");

        PantryException refused = await Assert.ThrowsAsync<PantryException>(async () => await console.WatchEventsAsync(default).FirstAsync());
        Assert.Equal(PantryErrorCode.LimitReached, refused.Code);
        await first.DisposeAsync();
        await Fleet.EventuallyAsync(() => fleet.Server.Events.Watches == 1, "the first to have stopped");
        await console.DisposeAsync();
        await Fleet.EventuallyAsync(() => fleet.Server.Events.Watches == 0, "the second to have ended with its session");
    }

    [Fact]
    public async Task Whoever_reads_too_slowly_loses_the_oldest_and_is_told_how_many()
    {
        var feed = new EventFeed(_ => null, new PantryOptions { WaitingEvents = 3 }, TimeProvider.System);
        var by = new OperatorEntry("mary", "k", [1], [], true, default, null);
        using EventWatch watch = feed.Watch(() => by);
        foreach (int number in Enumerable.Range(1, 5))
            feed.Audited(DateTimeOffset.UnixEpoch, new AuditEvent("x", $"Deed{number}", "Done"));

        IReadOnlyList<PantryEvent>? events = await watch.TakeAsync(10, TimeSpan.FromSeconds(10), default);

        Assert.Equal([PantryEventKind.EventsLost, PantryEventKind.Security, PantryEventKind.Security, PantryEventKind.Security], events!.Select(happened => happened.Kind));
        Assert.StartsWith("2 events", events![0].Detail, StringComparison.Ordinal);
        Assert.Equal("Deed3: Done", events[1].Detail);
        Assert.Equal([], (await watch.TakeAsync(10, TimeSpan.FromMilliseconds(20), default))!);
        feed.Close();
        Assert.Null(await watch.TakeAsync(10, TimeSpan.FromSeconds(10), default));
    }

    private static async Task<IJob> RunAsync(IFleet fleet, Target target)
    {
        IJob job = await fleet.StartJobAsync(new JobRequest { Target = target, Command = "Ping" }, default);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        await job.ReadRowsAsync(deadline.Token).CountAsync(deadline.Token);
        return job;
    }

    private sealed class Watcher : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _watching;

        public Watcher(IFleet fleet) => _watching = Task.Run(async () =>
        {
            await foreach (PantryEvent happened in fleet.WatchEventsAsync(_stop.Token))
                Seen.Enqueue(happened);
        });

        public ConcurrentQueue<PantryEvent> Seen { get; } = [];

        public Task SeesAsync(Func<PantryEvent, bool> wanted) => Fleet.EventuallyAsync(() => Seen.Any(wanted), "the event");

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _stop.Dispose();
        }
    }
}
