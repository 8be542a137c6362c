using System.Diagnostics;
using Pantry.Commands;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

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
