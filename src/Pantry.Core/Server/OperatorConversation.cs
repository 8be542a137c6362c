using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;

namespace Pantry.Server;

/// <summary>What the server says and hears in its sessions with operators' consoles.</summary>
internal sealed class OperatorConversation(
    IFleet fleet, JobDispatcher jobs, PantryOptions options, TimeProvider time, Action<ServerSession, string> close, ILogger log)
{
    private readonly ConcurrentDictionary<(ServerSession Session, string Job), RowFeed> _feeds = new();

    public void Handle(ServerSession session, Message message)
    {
        switch (message.Head)
        {
            case Connect connect:
                session.Role = Senders.Operator;
                log.LogInformation("Operator {Name} has connected.", DisplayText.FirstLine(connect.Name));
                Answer(session, message, MessageKind.Connected, new Connected(
                    PantryVersion.Current, time.GetUtcNow(), options.HeartbeatInterval.TotalSeconds, options.DeadAfter.TotalSeconds));
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
            case CancelJob cancel:
                if (jobs.Find(cancel.Job) is { } job)
                    jobs.Cancel(job);
                break;
            default:
                _ = AnswerAsync(session, message);
                break;
        }
    }

    public int OpenFeeds => _feeds.Count;

    /// <summary>Completes when every console has what it takes of its rows.</summary>
    public Task RowsSent => Task.WhenAll(_feeds.Values.Select(feed => feed.Ended));

    public void Closed(ServerSession session)
    {
        foreach ((ServerSession Session, string Job) key in _feeds.Keys.Where(key => key.Session == session))
        {
            if (_feeds.TryRemove(key, out RowFeed? feed))
                feed.Stop();
        }
    }

    private async Task AnswerAsync(ServerSession session, Message message)
    {
        try
        {
            switch (message.Head)
            {
                case ListClients list:
                    await ListAsync(session, message, list.Filter).ConfigureAwait(false);
                    break;
                case StartJob start:
                    await StartAsync(session, message, start).ConfigureAwait(false);
                    break;
                case AttachJob attach:
                    Attach(session, message, attach);
                    break;
                case Enrol enrol:
                    Answer(session, message, MessageKind.Enrolled, new Enrolled(await fleet.EnrolAsync(enrol, default).ConfigureAwait(false)));
                    break;
                case Forget forget:
                    Answer(session, message, MessageKind.Forgotten, new Forgotten(await fleet.ForgetAsync(forget.Identity, default).ConfigureAwait(false)));
                    break;
                default:
                    break;
            }
        }
        catch (PantryException refused)
        {
            session.Post(ServerHost.Refusal(refused.Code, refused.Message, message.Correlation));
        }
        catch (Exception exception)
        {
            log.LogError(exception, "An operator's request failed.");
            session.Post(ServerHost.Refusal(PantryErrorCode.InternalError, "The server failed on this request; its log has the cause.", message.Correlation));
        }
    }

    private async Task ListAsync(ServerSession session, Message message, ClientFilter filter)
    {
        await foreach (ClientInfo[] page in fleet.FindClientsAsync(filter, default).Chunk(options.ClientPageSize).ConfigureAwait(false))
            await PageAsync(session, message, new ClientPage(page, Last: false)).ConfigureAwait(false);
        await PageAsync(session, message, new ClientPage([], Last: true)).ConfigureAwait(false);
    }

    private static Task PageAsync(ServerSession session, Message message, ClientPage page) =>
        session.PostBulkAsync(new Message(MessageKind.ClientPage, page, message.Correlation), default);

    private async Task StartAsync(ServerSession session, Message message, StartJob start)
    {
        IJob job = await fleet.StartJobAsync(
            new JobRequest
            {
                Target = start.Target,
                Command = start.Command,
                Format = start.Format,
                Arguments = message.Body(0),
                Timeout = Seconds(start.TimeoutSeconds),
                DeliveryTimeout = Seconds(start.DeliverySeconds),
                BatchSize = Math.Max(0, start.BatchSize),
                MaxFailure = start.MaxFailure,
            },
            default).ConfigureAwait(false);
        Answer(session, message, MessageKind.JobStarted, new JobStarted(job.Id, job.Targets));
        Feed(session, jobs.Find(job.Id)!, next: 0, taken: 0);
    }

    private void Attach(ServerSession session, Message message, AttachJob attach)
    {
        Job job = jobs.Find(attach.Job)
            ?? throw new PantryException(PantryErrorCode.InvalidArgument, $"The server has no job '{attach.Job}'; it was restarted, or the job ended long ago.");
        Answer(session, message, MessageKind.JobStarted, new JobStarted(job.Id, job.Targets));
        int next = Math.Clamp(attach.Next, 0, job.Targets.Count);
        Feed(session, job, next, Math.Clamp(attach.Taken, Math.Max(0, next - options.RowWindow), next));
    }

    private void Feed(ServerSession session, Job job, int next, int taken)
    {
        var feed = new RowFeed(job, session, next, taken, options.RowWindow);
        if (_feeds.TryRemove((session, job.Id), out RowFeed? earlier))
            earlier.Stop();
        _feeds[(session, job.Id)] = feed;
        // A session that was closed meanwhile will not stop it any more.
        if (session.Closed)
            feed.Stop();
        _ = feed.RunAsync().ContinueWith(_ => _feeds.TryRemove((session, job.Id), out RowFeed? _), TaskScheduler.Default);
    }

    private static void Answer(ServerSession session, Message request, MessageKind kind, object head) =>
        session.Post(new Message(kind, head, request.Correlation));

    private static TimeSpan Seconds(double seconds) =>
        seconds is > 0 and < 10 * 365 * 24 * 3600d ? TimeSpan.FromSeconds(seconds) : TimeSpan.Zero;
}
