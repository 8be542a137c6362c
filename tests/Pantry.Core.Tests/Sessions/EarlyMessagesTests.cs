using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Sessions;

public sealed class EarlyMessagesTests
{
    [Fact]
    public async Task What_the_server_says_while_its_answer_is_being_written_down_is_heard_afterwards_in_its_order()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = await fleet.EnrolKeyAsync("a");
        var owner = new SlowOwner(new LinkCredentials(key, fleet.Server.PublicKey, SessionRole.Client, null));
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        Task<ServerLink> opening = ServerLink.OpenAsync(
            fleet.Address, hearsOrders: false, owner, fleet.ClientLoop, fleet.Options, TimeProvider.System, NullLogger.Instance, deadline.Token);
        await owner.Answered.Task.WaitAsync(deadline.Token);
        long serial = fleet.Server.Authority.Bundle.Serial;

        await fleet.AddOperatorAsync("one");
        await fleet.AddOperatorAsync("two");
        // A goodbye is heard at once: behind it, all has come.
        fleet.Server.Registry.Find("a")!.Session!.Post(new Message(MessageKind.Leave, new Leave("marker")));
        await owner.ToldToLeave.Task.WaitAsync(deadline.Token);
        Assert.Empty(owner.Bundles);
        owner.Written.SetResult();
        await using ServerLink link = await opening;

        Assert.Equal([serial + 1, serial + 2], owner.Bundles);
    }

    private sealed class SlowOwner(LinkCredentials credentials) : ILinkOwner
    {
        public TaskCompletionSource Answered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource ToldToLeave { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public TaskCompletionSource Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public List<long> Bundles { get; } = [];

        public LinkCredentials Credentials => credentials;

        public int RunningJobs => 0;

        public (MessageKind Kind, object Head) Introduction() => (MessageKind.Register, Fleet.NewRegister("a"));

        public Task IntroducedAsync(ServerLink link, Message answer)
        {
            Answered.TrySetResult();
            return Written.Task;
        }

        public Task ReadyAsync(ServerLink link, CancellationToken lost) => Task.CompletedTask;

        public void Receive(ServerLink link, Message message)
        {
            if (message.Head is BundleChanged changed)
                Bundles.Add(changed.Serial);
            else if (message.Head is Leave)
                ToldToLeave.TrySetResult();
        }

        public void ReceivePublished(ServerLink link, TopicId topic, byte[] frame)
        {
            // Nothing is subscribed to.
        }

        public Task BeatAsync(ServerLink link) => Task.CompletedTask;
    }
}
