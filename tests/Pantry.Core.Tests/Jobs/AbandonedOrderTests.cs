using System.Diagnostics;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Server.Jobs;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;

namespace Pantry.Tests.Jobs;

/// <summary>Whoever gives an order and stops waiting for it before it is even taken has given none.</summary>
public sealed class AbandonedOrderTests
{
    private static readonly JobRequest Endless = new() { Target = Target.Clients(["web1"]), Command = EndlessCommand.CommandName };

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_order_that_is_cancelled_at_any_moment_while_it_is_handed_over_does_not_run_on(bool remote)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var endless = new EndlessCommand();
        await fleet.AddAsync("web1", commands: Only(endless));
        await using RemoteFleet console = await fleet.ConnectAsync();
        IFleet by = remote ? console : fleet.Server.Fleet;
        await fleet.RunAsync(Endless.Target, "Ping", fleet: by);

        int abandoned = 0;
        for (int moment = 0; moment < 60; moment++)
        {
            using var stopping = new CancellationTokenSource();
            Task<IJob> handingOver = by.StartJobAsync(Endless, stopping.Token);
            for (long begun = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(begun).TotalMilliseconds < moment * 0.25;)
                Thread.SpinWait(20);
            await stopping.CancelAsync();
            try
            {
                await (await handingOver.WaitAsync(Fleet.Deadline)).CancelAsync();
            }
            catch (OperationCanceledException)
            {
                abandoned++;
            }
            catch (PantryException refused) when (refused.Code is PantryErrorCode.LimitReached or PantryErrorCode.JobEnded)
            {
                // More than the server answers at once was on its way; or the job had ended when it was to be cancelled.
            }
        }

        Assert.True(!remote || abandoned > 0, "None was cancelled on its way.");
        await EndedAsync(fleet, endless);
    }

    [Fact]
    public async Task An_order_that_is_cancelled_while_it_is_handed_over_does_not_run_on_when_its_console_ends_at_once()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var endless = new EndlessCommand();
        await fleet.AddAsync("web1", commands: Only(endless));
        RemoteFleet console = await fleet.ConnectAsync();
        using var stopping = new CancellationTokenSource();
        Task<IJob> handingOver = console.StartJobAsync(Endless, stopping.Token);
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => handingOver.WaitAsync(Fleet.Deadline));
        await console.DisposeAsync();

        await Fleet.EventuallyAsync(() => fleet.Server.Fleet.FindJobsAsync(new JobFilter(), default).ToBlockingEnumerable().Any(), "the order to come");
        await EndedAsync(fleet, endless);
    }

    [Fact]
    public async Task An_order_that_is_in_work_at_the_server_when_it_is_cancelled_and_its_link_is_lost_does_not_begin()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var endless = new EndlessCommand();
        await fleet.AddAsync("web1", commands: Only(endless));
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        await using RemoteFleet console = await fleet.ConnectAsync(new Pantry.Transport.ServerAddress("127.0.0.1", 0, proxy.Port));
        using var inWork = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        Func<JobOrder, IReadOnlyList<Recipient>, JobTerms?> terms = fleet.Server.Jobs.Terms;
        fleet.Server.Jobs.Terms = (order, recipients) =>
        {
            inWork.Set();
            return go.Wait(Fleet.Deadline) ? terms(order, recipients) : throw new TimeoutException();
        };
        using var stopping = new CancellationTokenSource();
        Task<IJob> handingOver = console.StartJobAsync(Endless, stopping.Token);
        Assert.True(inWork.Wait(Fleet.Deadline));

        // The cancel cannot go over the link that the order came over.
        proxy.ToServer.Pause();
        await stopping.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => handingOver.WaitAsync(Fleet.Deadline));
        proxy.CutAll();
        proxy.ToServer.Resume();
        await Fleet.EventuallyAsync(() => proxy.Accepted == 2 && console.Status == ServiceStatus.Running, "the console to be back");
        // What is asked later is answered later, so the cancel has come.
        for (int times = 0; times < 10; times++)
            Assert.Empty(await console.FindJobsAsync(new JobFilter(), default).ToListAsync());
        go.Set();

        await fleet.RunAsync(Endless.Target, "Ping");
        await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Open == 0, "no job to be under way");
        await EndedAsync(fleet, endless);
    }

    [Fact]
    public async Task An_order_that_comes_after_its_cancel_is_refused_and_another_operators_cancel_does_nothing()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("web1");
        OperatorEntry local = fleet.Server.Authority.Bundle.Find(Authority.LocalOperator)!;
        await fleet.AddOperatorAsync("other");
        OperatorEntry other = fleet.Server.Authority.Bundle.Find("other")!;
        SignedJob cancelled = Signed(), meddledWith = Signed(), stays = Signed();

        PantryException none = Assert.Throws<PantryException>(() => fleet.Server.JobDirectory.Control(new ControlJob(IdOf(cancelled), JobAction.Cancel), local, null));
        Assert.Throws<PantryException>(() => fleet.Server.JobDirectory.Control(new ControlJob(IdOf(meddledWith), JobAction.Cancel), other, null));
        Assert.Throws<PantryException>(() => fleet.Server.JobDirectory.Control(new ControlJob(IdOf(stays), JobAction.Suspend), local, null));

        Assert.Equal(PantryErrorCode.NoMatchingJob, none.Code);
        PantryException late = await Assert.ThrowsAsync<PantryException>(() => fleet.Server.Jobs.StartAsync(cancelled, local, null));
        Assert.Equal(PantryErrorCode.JobEnded, late.Code);
        Assert.NotNull(await fleet.Server.Jobs.StartAsync(meddledWith, local, null));
        Assert.NotNull(await fleet.Server.Jobs.StartAsync(stays, local, null));

        SignedJob Signed() => fleet.Server.Authority.LocalSigner(fleet.Options).Sign(new JobRequest { Target = Target.Clients(["web1"]), Command = "Ping" });
        static string IdOf(SignedJob job) => SecurityJson.TryRead(job.Order.Statement, SecurityJson.Default.OrderStatement, 65_536)!.Job;
    }

    [Fact]
    public void Of_each_operator_the_last_cancels_are_kept_for_a_while()
    {
        var clock = new JumpClock();
        var early = new EarlyCancels(new Pantry.Configuration.PantryOptions { KeptCancels = 2 }, clock);
        OperatorEntry alice = Operator(1), bob = Operator(2);
        early.Add("other", bob);
        foreach (string job in (string[])["a", "b", "c", new string('x', 65)])
            early.Add(job, alice);

        Assert.False(early.Take("a", alice));
        Assert.True(early.Take("b", alice));
        Assert.False(early.Take("b", alice));
        Assert.False(early.Take("c", bob));
        Assert.True(early.Take("c", alice));
        Assert.False(early.Take(new string('x', 65), alice));
        Assert.True(early.Take("other", bob));

        static OperatorEntry Operator(byte key) => new("name", "", [key], [], false, DateTimeOffset.UnixEpoch, null);
    }

    private static Task EndedAsync(Fleet fleet, EndlessCommand endless) => Fleet.EventuallyAsync(
        () => endless.Running == 0 && fleet.Server.Fleet.FindJobsAsync(new JobFilter(), default).ToBlockingEnumerable().All(job => job.State is PantryJobState.Ended or PantryJobState.Cancelled),
        "all jobs to end", TimeSpan.FromSeconds(10));

    private static CommandTable Only(ICommand command)
    {
        var commands = new CommandTable();
        commands.Add(command);
        return commands;
    }

    /// <summary>Runs until it is cancelled.</summary>
    private sealed class EndlessCommand : ICommand
    {
        public const string CommandName = "Endless";

        private int _running;

        public string Name => CommandName;

        public int Running => Volatile.Read(ref _running);

        public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
        {
            Interlocked.Increment(ref _running);
            try
            {
                await Task.Delay(Timeout.Infinite, cancellation);
            }
            finally
            {
                Interlocked.Decrement(ref _running);
            }

            return new CommandOutcome();
        }
    }
}
