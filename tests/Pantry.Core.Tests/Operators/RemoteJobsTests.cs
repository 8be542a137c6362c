using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Tests.Attacks;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Operators;

/// <summary>The jobs of a console in moments that a whole console cannot be brought into at will.</summary>
public sealed class RemoteJobsTests
{
    private static readonly Result Done = new("job", CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero);

    [Fact]
    public async Task A_job_whose_link_was_lost_and_came_back_before_it_was_known_here_is_attached_all_the_same()
    {
        bool attached = false;
        Message? Answer(Message message)
        {
            attached |= message.Head is AttachJob;
            return message.Head switch
            {
                Connect => new Message(MessageKind.Connected, new Connected("alice", "fleet", "1", DateTimeOffset.UtcNow, 5, 15)),
                AttachJob => new Message(MessageKind.JobStarted, new JobStarted("job", ["a"])),
                RowsTaken when attached => new Message(MessageKind.Row, new Row("job", 0, "a", null, Done)),
                _ => null,
            };
        }

        await using var server = new FalseServer(CurveKeyPair.Generate(), "fleet", Answer);
        using CurveKeyPair key = CurveKeyPair.Generate();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        var options = new PantryOptions();
        ServerLink? link = null;
        var jobs = new RemoteJobs(() => link!, new FleetRequests(() => link!, server.Address, options, TimeProvider.System), server.Address, options, TimeProvider.System);
        var owner = new JobsOwner(new LinkCredentials(key, server.PublicKey, SessionRole.Operator, "fleet"), jobs);
        link = await ServerLink.OpenAsync(
            server.Address, hearsOrders: false, owner, null, options, TimeProvider.System, NullLogger.Instance, deadline.Token);
        await using (link)
        {
            RemoteJob job = await jobs.StartAsync(() =>
            {
                jobs.Detach();
                return Task.FromResult(new JobStarted("job", ["a"]));
            });

            Assert.Equal("a", (await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token)).Client);
        }
    }

    private sealed class JobsOwner(LinkCredentials credentials, RemoteJobs jobs) : ILinkOwner
    {
        public LinkCredentials Credentials => credentials;

        public int RunningJobs => jobs.Count;

        public (MessageKind Kind, object Head) Introduction() => (MessageKind.Connect, new Connect("console", "1"));

        public Task IntroducedAsync(ServerLink link, Message answer) => Task.CompletedTask;

        public Task ReadyAsync(ServerLink link, CancellationToken lost) => Task.CompletedTask;

        public void Receive(ServerLink link, Message message)
        {
            if (message.Head is Row row)
                jobs.Find(row.Job)?.Add(new ResultRow(row.Number, row.Client, row.RoundTrip, row.Result, message.Bodies));
        }

        public void ReceivePublished(ServerLink link, TopicId topic, byte[] frame)
        {
            // Nothing is subscribed to.
        }

        public Task BeatAsync(ServerLink link) => Task.CompletedTask;
    }
}
