using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;
using Pantry.Transport;

namespace Pantry.Tests.Jobs;

/// <summary>A server that was away until an order was good no more: what had begun by then is not said never to have been started.</summary>
public sealed class OverdueRestartTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_begun_is_waited_for_and_what_was_not_has_expired(bool comesBack)
    {
        var options = new PantryOptions { ClockSkew = TimeSpan.FromMilliseconds(500), RestartGrace = TimeSpan.FromSeconds(comesBack ? 60 : 2) };
        await using Fleet fleet = await Fleet.StartAsync(options, FixedPorts.Take(3));
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var finish = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var commands = new CommandTable();
        commands.Add(new WaitingCommand(begun, finish.Task));
        await fleet.AddAsync("a", commands: commands, through: new ServerAddress("127.0.0.1", fleet.Server.PublishPort, proxy.Port));
        await fleet.AddAsync("b", commands: commands);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        var request = new JobRequest { Target = Target.Clients(["a", "b"]), Command = "Wait", ValidFor = TimeSpan.FromSeconds(2), Plan = new RolloutPlan { BatchSize = new Share(1) } };
        DateTimeOffset over = DateTimeOffset.UtcNow + request.ValidFor + options.ClockSkew;
        IJob job = await fleet.Server.Fleet.StartJobAsync(request, deadline.Token);
        await begun.Task.WaitAsync(deadline.Token);

        proxy.Pause();
        proxy.CutAll();
        await Fleet.EventuallyAsync(() => DateTimeOffset.UtcNow > over, "the order to be over");
        await fleet.RestartServerAsync();
        IJob opened = await fleet.Server.Fleet.OpenJobAsync(job.Id, 0, deadline.Token);
        IAsyncEnumerator<ResultRow> rows = opened.ReadRowsAsync(deadline.Token).GetAsyncEnumerator(deadline.Token);
        await using (rows)
        {
            Assert.True(await rows.MoveNextAsync());
            Assert.Equal(("b", CommandStatus.Expired), (rows.Current.Client, rows.Current.Result.Status));

            if (comesBack)
                proxy.Resume();
            finish.SetResult();

            Assert.True(await rows.MoveNextAsync());
            Assert.Equal(("a", comesBack ? (CommandStatus.Succeeded, null) : (CommandStatus.Offline, "WentOffline")), (rows.Current.Client, (rows.Current.Result.Status, rows.Current.Result.Error?.Code)));
        }
    }

    private sealed class WaitingCommand(TaskCompletionSource begun, Task finish) : ICommand
    {
        public string Name => "Wait";

        public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
        {
            begun.TrySetResult();
            await finish.WaitAsync(cancellation);
            return new CommandOutcome();
        }
    }
}
