using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server.Jobs;
using Pantry.Targeting;

namespace Pantry.Tests.EndToEnd;

public sealed class AcknowledgementTests
{
    // No heartbeat comes in between.
    private static readonly PantryOptions Quiet = new()
    {
        HeartbeatInterval = TimeSpan.FromMinutes(1),
        DeadAfter = TimeSpan.FromMinutes(3),
        ResendAfter = TimeSpan.FromSeconds(20),
        AcknowledgeAfter = TimeSpan.FromSeconds(20),
    };

    [Fact]
    public async Task The_result_of_a_repeatable_command_stands_for_its_acknowledgement()
    {
        await using Fleet fleet = await Fleet.StartAsync(Quiet);
        await fleet.AddAsync("host");
        long before = fleet.Server.Statistics().MessagesReceived;

        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.All, "Ping")).Result.Status);

        Assert.Equal(before + 1, fleet.Server.Statistics().MessagesReceived);
    }

    [Theory]
    [InlineData(false, 20)]
    [InlineData(true, 0.05)]
    public async Task What_takes_longer_or_may_not_be_done_twice_is_acknowledged_before_its_result(bool repeatable, double acknowledgeAfter)
    {
        await using Fleet fleet = await Fleet.StartAsync(Quiet with { AcknowledgeAfter = TimeSpan.FromSeconds(acknowledgeAfter) });
        var happened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        (await fleet.AddAsync("host")).Commands.Add(new RepeatableCommand(new WaitingCommand("wait", happened.Task), repeatable));

        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "wait" }, TestContext.Current.CancellationToken);
        await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Find(job.Id)!.Progress.StateOf("host") == TargetState.Accepted, "the client to acknowledge the order");
        happened.SetResult();

        await foreach (ResultRow row in job.ReadRowsAsync(TestContext.Current.CancellationToken))
            Assert.Equal(CommandStatus.Succeeded, row.Result.Status);
    }

    private sealed class RepeatableCommand(ICommand command, bool isRepeatable) : ICommand
    {
        public string Name => command.Name;

        public bool IsRepeatable => isRepeatable;

        public Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation) => command.RunAsync(context, cancellation);
    }
}
