using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Events;
using Pantry.Server.Jobs;
using Pantry.Server.Output;
using Pantry.Server.Provisioning;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>What the server says and hears in its sessions with operators' consoles.</summary>
internal sealed class OperatorConversation(
    Authority authority, Administration administration, EnrollmentDesk enrollments, ServerAudit audit, JobDispatcher jobs, JobDirectory directory, EventDesk events,
    OutputDesk outputs, ProvisioningConversation provisioning, PantryOptions options, TimeProvider time, Action<ServerSession, string> close, int filePort, ILogger log)
{
    private readonly ConcurrentDictionary<(ServerSession Session, string Job), RowFeed> _feeds = new();
    private volatile bool _stopped;

    public void Handle(ServerSession session, Message message)
    {
        if (authority.FindBySessionKey(session.Key) is not { } by)
        {
            // Revoked, or over, since the session began.
            Answer(session, message, MessageKind.Refused, new Refused(nameof(PantryErrorCode.KeyRevoked), "The operator's key was revoked, or its time is over."));
            close(session, "its operator may no longer give orders");
            return;
        }

        switch (message.Head)
        {
            case Connect connect:
                session.Introduced = true;
                log.LogInformation("Operator {Name} has connected from {Console}.", by.Name, DisplayText.FirstLine(connect.Console));
                audit.Note(by, session.Address, "OperatorConnected", DisplayText.FirstLine(connect.Console), "Done");
                Answer(session, message, MessageKind.Connected, new Connected(
                    by.Name, authority.Network, PantryVersion.Current, time.GetUtcNow(), options.HeartbeatInterval.TotalSeconds, options.DeadAfter.TotalSeconds, filePort));
                break;
            case Heartbeat:
                session.Post(new Message(MessageKind.HeartbeatReply, new HeartbeatReply(time.GetUtcNow())));
                break;
            case Leave leave:
                session.Post(message);
                close(session, DisplayText.FirstLine(leave.Reason));
                break;
            case RowsTaken taken:
                if (_feeds.TryGetValue((session, taken.Job), out RowFeed? feed))
                    feed.Taken(taken.Next);
                break;
            case ReadOutput { From: null } read:
                // Waits most of the time, and takes no other request's place: the watches of a console have a bound of their own.
                _ = GuardedAsync(session, message, () => outputs.AnswerAsync(session, read, message.Correlation, by));
                break;
            case not null when !session.TryBeginRequest(options.MaxOperatorRequests):
                session.Post(ServerHost.Refusal(PantryErrorCode.LimitReached,
                    $"{options.MaxOperatorRequests} requests of this console are being answered, which is the server's limit. Ask again when one is.", message.Correlation));
                break;
            case StartJob:
                session.Starting = Task.WhenAll(session.Starting, AnswerAsync(session, message, by, behind: Task.CompletedTask));
                break;
            default:
                // Whoever gives an order and cancels it at once finds it: requests are answered beside each other, these in turn.
                _ = AnswerAsync(session, message, by, behind: message.Head is ControlJob ? session.Starting : Task.CompletedTask);
                break;
        }
    }

    public int OpenFeeds => _feeds.Count;

    /// <summary>The server stops: consoles ask for the rows that are missing when it is there again.</summary>
    public void StopFeeds()
    {
        _stopped = true;
        foreach (RowFeed feed in _feeds.Values)
            feed.Stop();
    }

    public void Closed(ServerSession session)
    {
        events.Closed(session);
        outputs.Closed(session);
        foreach ((ServerSession Session, string Job) key in _feeds.Keys.Where(key => key.Session == session))
        {
            if (_feeds.TryRemove(key, out RowFeed? feed))
                feed.Stop();
        }
    }

    private async Task AnswerAsync(ServerSession session, Message message, OperatorEntry by, Task behind)
    {
        await behind.ConfigureAwait(false);
        await GuardedAsync(session, message, () => AnswerOneAsync(session, message, by)).ConfigureAwait(false);
        session.EndsItself = false;
        session.EndRequest();
    }

    private async Task GuardedAsync(ServerSession session, Message message, Func<Task> answer)
    {
        // Off the reading task: signatures, lists and the disk take their time.
        await Task.Yield();
        try
        {
            await answer().ConfigureAwait(false);
        }
        catch (PantryException refused)
        {
            session.Post(ServerHost.Refusal(refused.Code, refused.Message, message.Correlation));
        }
        catch (OperationCanceledException) when (message.Head is ReadOutput)
        {
            // The session has ended, nobody wants to know any more, or the answer does not leave.
        }
        catch (Exception exception)
        {
            log.LogError(exception, "An operator's request failed.");
            session.Post(ServerHost.Refusal(PantryErrorCode.InternalError, "The server failed on this request; its log has the cause.", message.Correlation));
        }
    }

    private async Task AnswerOneAsync(ServerSession session, Message message, OperatorEntry by)
    {
        switch (message.Head)
        {
            case ListClients list:
                await ListAsync(session, message, MessageKind.ClientPage, administration.List(list.Filter, by), (items, last) => new ClientPage(items, last)).ConfigureAwait(false);
                break;
            case StartJob start:
                await StartAsync(session, message, start, by).ConfigureAwait(false);
                break;
            case AttachJob attach:
                Attach(session, message, attach, by);
                break;
            case OpenJob open:
                JobRowsOf opened = directory.Open(open.Job, by, session.Address, message.Kind.ToString());
                Answer(session, message, MessageKind.JobOpened, new JobOpened(opened.Id, opened.Targets));
                break;
            case ReadRows read:
                await ReadRowsAsync(session, message, read, by).ConfigureAwait(false);
                break;
            case ReadOutput read:
                await outputs.AnswerAsync(session, read, message.Correlation, by).ConfigureAwait(false);
                break;
            case ControlJob control:
                Answer(session, message, MessageKind.JobChanged, new JobChanged(directory.Control(control, by, session.Address)));
                break;
            case ListJobs list:
                await ListAsync(session, message, MessageKind.JobPage, directory.Find(list.Filter, by), (items, last) => new JobPage(items, last)).ConfigureAwait(false);
                break;
            case AwaitJobs awaited:
                await ListAsync(session, message, MessageKind.JobPage, await directory.AwaitAsync(awaited, by, session.Address, default).ConfigureAwait(false), (items, last) => new JobPage(items, last)).ConfigureAwait(false);
                break;
            case WatchEvents watch:
                await session.PostPageAsync(message, MessageKind.EventsHappened, await events.TakeAsync(session, watch).ConfigureAwait(false)).ConfigureAwait(false);
                break;
            case StopWatching stop:
                events.Stop(session, stop.Watch);
                outputs.Stop(session, stop.Watch);
                Answer(session, message, MessageKind.EventsHappened, new EventsHappened(stop.Watch, Began: false, []));
                break;
            case ListQueue list:
                await ListAsync(session, message, MessageKind.QueuePage, directory.Queue(list.Filter, by), (items, last) => new QueuePage(items, last)).ConfigureAwait(false);
                break;
            case Unqueue unqueue:
                Answer(session, message, MessageKind.Unqueued, new Unqueued(directory.Unqueue(unqueue, by, session.Address)));
                break;
            case not null when await provisioning.TryAnswerAsync(session, message, by).ConfigureAwait(false):
                break;
            default:
                RequireAdministrator(session, message, by);
                session.EndsItself = message.Head is RevokeOperator revoked && Names.Same(revoked.Name, by.Name);
                await AdministerAsync(session, message, by).ConfigureAwait(false);
                if (session.EndsItself)
                    close(session, "its operator has revoked itself");
                break;
        }
    }

    private async Task AdministerAsync(ServerSession session, Message message, OperatorEntry by)
    {
        string from = session.Address;
        (MessageKind kind, object head)? decided = message.Head switch
        {
            Enrol enrol => (MessageKind.Enrolled, new Enrolled(await enrollments.EnrolAsync(enrol, by, from).ConfigureAwait(false))),
            CreateToken create => (MessageKind.TokenCreated, new TokenCreated(await enrollments.CreateTokenAsync(create, by, from).ConfigureAwait(false))),
            WithdrawEnrollment withdraw => (MessageKind.EnrollmentWithdrawn, new EnrollmentWithdrawn(await enrollments.WithdrawAsync(withdraw.Id, by, from).ConfigureAwait(false))),
            DecideClient decide => (MessageKind.ClientDecided, new ClientDecided(await administration.DecideAsync(decide, by, from).ConfigureAwait(false))),
            AddOperator add => (MessageKind.OperatorList, await administration.AddOperatorAsync(add, by, from).ConfigureAwait(false)),
            RevokeOperator revoke => (MessageKind.OperatorList, await administration.RevokeOperatorAsync(revoke.Name, by, from).ConfigureAwait(false)),
            PutBundle => (MessageKind.OperatorList, await administration.PutBundleAsync(message.Body(0), by, from).ConfigureAwait(false)),
            _ => null,
        };
        if (decided is { } answer)
        {
            Answer(session, message, answer.kind, answer.head);
            return;
        }

        switch (message.Head)
        {
            case ListOperators:
                session.Post(new Message(MessageKind.OperatorList, authority.List(), message.Correlation) { Bodies = [authority.SignedBundle] });
                break;
            case ListAudit list:
                await ListAsync(session, message, MessageKind.AuditPage, administration.FindAudit(list.Filter), (items, last) => new AuditPage(items, last)).ConfigureAwait(false);
                break;
            case ListEnrollments list:
                await ListAsync(session, message, MessageKind.EnrollmentPage, enrollments.List(list.Filter), (items, last) => new EnrollmentPage(items, last)).ConfigureAwait(false);
                break;
            case VerifyAudit verify:
                Answer(session, message, MessageKind.AuditVerified, new AuditVerified(administration.VerifyAudit(verify.Checkpoint)));
                break;
            default:
                break;
        }
    }

    private void RequireAdministrator(ServerSession session, Message message, OperatorEntry by)
    {
        if (by.Administrator)
            return;
        audit.Note(by, session.Address, message.Kind.ToString(), null, nameof(PantryErrorCode.OutOfScope));
        throw new PantryException(PantryErrorCode.OutOfScope,
            $"The operator '{by.Name}' may give orders but not decide about clients, enrolments and operators, nor read the audit log. An administrator can.");
    }

    private Task ListAsync<T>(ServerSession session, Message message, MessageKind kind, IEnumerable<T> items, Func<IReadOnlyList<T>, bool, object> page) =>
        session.PostListAsync(message, kind, items, options.ClientPageSize, page);

    private async Task StartAsync(ServerSession session, Message message, StartJob start, OperatorEntry by)
    {
        Job job;
        try
        {
            job = await jobs.StartAsync(
                new SignedJob
                {
                    Order = new SignedOrder(message.Body(0), start.Signature),
                    Target = start.Target,
                    Arguments = message.Body(1),
                    Secrets = message.Body(2),
                    Entries = message.Body(3),
                    DeliveryTimeout = Within(start.DeliverySeconds),
                    Plan = start.Plan,
                },
                by, session.Address).ConfigureAwait(false);
        }
        catch (PantryException refused)
        {
            audit.Note(by, session.Address, "Order", start.Target.ToString(), refused.Code.ToString());
            throw;
        }

        Answer(session, message, MessageKind.JobStarted, new JobStarted(job.Id, job.Targets));
        Feed(session, JobRowsOf.Of(job), next: 0, taken: 0);
    }

    private async Task ReadRowsAsync(ServerSession session, Message message, ReadRows read, OperatorEntry by)
    {
        JobRowsOf job = directory.Open(read.Job, by, session.Address, message.Kind.ToString());
        int from = Math.Clamp(read.From, 0, job.Targets.Count);
        TimeSpan wait = TimeSpan.FromSeconds(Math.Clamp(read.WaitSeconds, 0, options.RowWait.TotalSeconds));
        await job.Rows.WaitForAsync(from, wait, time, default).ConfigureAwait(false);
        // What is said of the rest in this process is no answer: the console asks again when the server is there again.
        int there = job.Rows.Count;
        if (_stopped)
            return;
        int until = Math.Min(there, from + Math.Clamp(read.Most, 1, options.RowWindow));
        await foreach (ResultRow row in job.Rows.ReadAsync(from, default).Take(until - from).ConfigureAwait(false))
        {
            await session.PostBulkAsync(
                new Message(MessageKind.Row, new Row(job.Id, row.Number, row.Client, row.RoundTrip, row.Result), message.Correlation) { Bodies = row.Bodies }, default).ConfigureAwait(false);
        }

        await session.PostPageAsync(message, MessageKind.RowsRead, new RowsRead(job.Id, until)).ConfigureAwait(false);
    }

    private void Attach(ServerSession session, Message message, AttachJob attach, OperatorEntry by)
    {
        JobRowsOf job = directory.Open(attach.Job, by, session.Address, message.Kind.ToString());
        int next = Math.Clamp(attach.Next, 0, job.Targets.Count);
        // There before the answer: what the console takes from then on counts.
        Feed(session, job, next, Math.Clamp(attach.Taken, Math.Max(0, next - options.RowWindow), next));
        Answer(session, message, MessageKind.JobStarted, new JobStarted(job.Id, job.Targets));
    }

    private void Feed(ServerSession session, JobRowsOf job, int next, int taken)
    {
        var feed = new RowFeed(job, session, next, taken, options.RowWindow);
        (ServerSession, string) key = (session, job.Id);
        _feeds.AddOrUpdate(key, feed, (_, earlier) =>
        {
            earlier.Stop();
            return feed;
        });
        // A session that was closed meanwhile will not stop it any more.
        if (session.Closed)
            feed.Stop();
        // Only itself: another may have its place by then.
        _ = feed.RunAsync().ContinueWith(_ => _feeds.TryRemove(KeyValuePair.Create(key, feed)), TaskScheduler.Default);
    }

    private static void Answer(ServerSession session, Message request, MessageKind kind, object head) =>
        session.Post(new Message(kind, head, request.Correlation));

    private TimeSpan Within(double seconds) => seconds > 0 && seconds < TimeSpan.FromDays(7).TotalSeconds ? TimeSpan.FromSeconds(seconds) : options.DeliveryTimeout;
}
