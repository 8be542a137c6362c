using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Server;

/// <summary>
/// Carries orders to their targets: published once for all that hear, sent over the session to those that do not yet or
/// that did not acknowledge; and sees to it that every target ends.
/// </summary>
internal sealed class JobDispatcher(
    ClientRegistry registry, PantryOptions options, TimeProvider time, ServerCounters counters, Action<TopicId, Message> publish, ILogger log)
{
    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private readonly ConcurrentQueue<string> _ended = new();
    private readonly ConcurrentDictionary<string, long> _numbers = new();
    private readonly ConcurrentDictionary<string, long> _cancelledAt = new();
    private volatile bool _stopped;

    public Job? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <summary>Starts a job: its targets are fixed here, and each gets its row.</summary>
    public Job Start(JobRequest request)
    {
        if (request.Arguments.Length > options.Wire.MaxOrderBytes)
        {
            throw new PantryException(PantryErrorCode.MessageTooLarge,
                $"The order's arguments have {request.Arguments.Length:N0} bytes; {options.Wire.MaxOrderBytes:N0} is the most. Send large data as a file.");
        }

        RequireSmall(request);
        if (_numbers.Count >= options.MaxJobs)
            throw new PantryException(PantryErrorCode.LimitReached, $"{options.MaxJobs:N0} jobs are under way, which is the server's limit. Wait for some to end, or cancel some.");

        (long number, IReadOnlyList<Recipient> recipients, IReadOnlyList<string> unknown) = registry.Expect(request.Target);
        if (recipients.Count + unknown.Count == 0)
        {
            throw new PantryException(PantryErrorCode.NoMatchingClient,
                $"No client that the server knows belongs to {request.Target}; nothing was sent. Get-PantryClient lists the clients and their streams.");
        }

        var job = new Job(NewId(), request, time.GetUtcNow(), [.. recipients.Select(recipient => recipient.Identity), .. unknown]);
        _jobs[job.Id] = job;
        _numbers[job.Id] = number;
        // Looked at after the job can be found: either this sees the stop, or the stop sees the job.
        if (_stopped)
        {
            Drop(job);
            throw new PantryException(PantryErrorCode.Stopped, "The server was stopped; it takes no more orders.");
        }

        foreach (string identity in unknown)
        {
            job.Complete(identity, CommandStatus.Unknown, "UnknownClient",
                $"The server knows no client '{DisplayText.Clean(identity, 80)}'. Check the name with Get-PantryClient.");
        }

        var reachable = new List<Recipient>();
        foreach (Recipient recipient in recipients)
        {
            if (recipient.Status == ClientStatus.Online)
                reachable.Add(recipient);
            else
                CompleteUnreachable(job, recipient);
        }

        job.Enqueue(reachable.Select(recipient => recipient.Identity));
        SendBatch(job, reachable);
        Retire(job);
        return job;
    }

    /// <summary>A client acknowledged an order.</summary>
    public bool Accept(string id, ClientRecord client) => Find(id)?.Accept(client.Identity, time.GetTimestamp()) ?? false;

    /// <summary>A client's result; false where the client is no target of the job.</summary>
    public bool Complete(Result result, IReadOnlyList<byte[]> bodies, ClientRecord client)
    {
        if (Find(result.Job) is not { } job)
            return true; // A job of an earlier run, or long ended: there is nobody to tell, and the client may forget it.
        if (!job.IsTarget(client.Identity))
            return false;
        if (bodies.Sum(body => (long)body.Length) > options.Wire.MaxResultBytes)
            (result, bodies) = (result with { Truncated = true, Format = BodyFormat.None }, []);

        TimeSpan? roundTrip = job.SentAt(client.Identity) is { } sent ? time.GetElapsedTime(sent) : null;
        if (job.Complete(client.Identity, result, bodies, roundTrip))
            Advance(job);
        return true;
    }

    /// <summary>Cancels a job: what was not started ends now, what runs is told to stop.</summary>
    public void Cancel(Job job)
    {
        _cancelledAt.TryAdd(job.Id, time.GetTimestamp());
        SendCancel(job, job.Cancel());
        Retire(job);
    }

    /// <summary>A client went away: it will not answer.</summary>
    public void ClientGone(ClientRecord client, string why)
    {
        foreach (Job job in _jobs.Values)
        {
            if (job.IsTarget(client.Identity) && job.SentAt(client.Identity) is not null
                && job.Complete(client.Identity, CommandStatus.Offline, "WentOffline", $"The client went offline before it answered ({why}); last seen {client.LastSeen:u}."))
            {
                Advance(job);
            }
        }
    }

    /// <summary>Looks for what is overdue: sends again, or ends the target.</summary>
    public void Sweep()
    {
        long now = time.GetTimestamp();
        foreach (Job job in _jobs.Values)
        {
            if (job.Ended)
                continue;
            foreach (OpenTarget target in job.OpenTargets())
                Sweep(job, target, now);
            Advance(job);
        }
    }

    /// <summary>The server stops: every open target ends.</summary>
    public void EndAll()
    {
        _stopped = true;
        foreach (Job job in _jobs.Values)
        {
            job.Cancel();
            foreach (OpenTarget target in job.OpenTargets())
                job.Complete(target.Identity, CommandStatus.Lost, "ServerStopped", "The server was stopped before the client answered. The command may have run.");
        }
    }

    private void Sweep(Job job, OpenTarget target, long now)
    {
        TimeSpan sinceSent = time.GetElapsedTime(target.SentAt, now);
        if (_cancelledAt.TryGetValue(job.Id, out long cancelled) && time.GetElapsedTime(cancelled, now) > options.ResultGrace)
        {
            job.Complete(target.Identity, CommandStatus.Cancelled, "CancelNotConfirmed", "Cancelled; the client did not confirm that the command has stopped.");
        }
        else if (_cancelledAt.ContainsKey(job.Id))
        {
            // Nothing is started any more; the client is told again until it confirms.
            if (time.GetElapsedTime(target.LastSentAt, now) > options.ResendAfter)
            {
                job.NoteResend(target.Identity, now);
                SendCancel(job, [target.Identity]);
            }
        }
        else if (target.Accepted)
        {
            if (time.GetElapsedTime(target.AcceptedAt, now) > job.Request.Timeout + options.ResultGrace)
            {
                job.Complete(target.Identity, CommandStatus.Lost, "NoResult",
                    $"The client took the order and answers, but sent no result within {job.Request.Timeout + options.ResultGrace}. The command may have run.");
            }
        }
        else if (sinceSent > job.Request.DeliveryTimeout)
        {
            job.Complete(target.Identity, CommandStatus.Offline, "NotDelivered",
                $"The client did not acknowledge the order within {job.Request.DeliveryTimeout.TotalSeconds:0.#} s.");
        }
        else if (time.GetElapsedTime(target.LastSentAt, now) > ResendAfter(job) * Math.Pow(2, target.Resends))
        {
            job.NoteResend(target.Identity, now);
            foreach (Recipient recipient in registry.Refresh([target.Identity]))
                SendDirectly(job, recipient, NewOrder(job, Target.Clients([recipient.Identity]), direct: true));
        }
    }

    private void SendCancel(Job job, IEnumerable<string> identities)
    {
        foreach (Recipient recipient in registry.Refresh(identities))
            recipient.Session?.Post(new Message(MessageKind.CancelOrder, new CancelOrder(job.Id)));
    }

    private void Advance(Job job)
    {
        SendBatch(job, known: null);
        Retire(job);
    }

    private void SendBatch(Job job, List<Recipient>? known)
    {
        IReadOnlyList<string> batch = job.TakeBatch(time.GetTimestamp());
        if (batch.Count == 0)
            return;

        bool whole = known is not null && batch.Count == known.Count;
        IReadOnlyList<Recipient> recipients = whole ? known! : registry.Refresh(batch);
        foreach (Recipient recipient in recipients.Where(recipient => recipient.Status != ClientStatus.Online))
            CompleteUnreachable(job, recipient);
        foreach (string forgotten in batch.Except(recipients.Select(recipient => recipient.Identity), Names.Comparer))
            job.Complete(forgotten, CommandStatus.Unknown, "UnknownClient", "The client was taken off the list before the order was sent to it.");

        // The target as it was given is the shorter one, and says it all as long as nobody is left for a later batch.
        bool listed = job.Request.Target.Identities.Count > 0 || !whole;
        var hearing = recipients.Where(recipient => recipient is { Session: not null, HearsPublished: true }).ToList();
        foreach (Recipient[] part in listed ? hearing.Chunk(options.Wire.MaxOrderTargets) : [[.. hearing]])
            Publish(job, listed ? Target.Clients(part.Select(recipient => recipient.Identity)) : job.Request.Target, part);

        foreach (Recipient recipient in recipients.Where(recipient => recipient is { Session: not null, HearsPublished: false }))
            SendDirectly(job, recipient, NewOrder(job, Target.Clients([recipient.Identity]), direct: true));
    }

    private void Publish(Job job, Target target, Recipient[] hearing)
    {
        if (hearing.Length > 0)
        {
            var order = new Message(MessageKind.Order, NewOrder(job, target, direct: false)) { Bodies = [job.Request.Arguments] };
            foreach (TopicId topic in registry.IdsOf(RoutePlan.Topics(target, [.. hearing.Select(recipient => recipient.Labels)])))
            {
                counters.Published();
                publish(topic, order);
            }
        }
    }

    private void SendDirectly(Job job, Recipient recipient, Order order)
    {
        if (recipient.Session is not { } session)
            return;
        counters.SentDirectly();
        log.LogDebug("Order {Job} goes to {Client} over its session.", job.Id, recipient.Identity);
        session.Post(new Message(MessageKind.Order, order) { Bodies = [job.Request.Arguments] });
    }

    private Order NewOrder(Job job, Target target, bool direct) => new(
        job.Id, _numbers.GetValueOrDefault(job.Id), direct, target, job.Request.Command, job.Request.Format, job.IssuedAt,
        job.IssuedAt + job.Request.DeliveryTimeout + options.ResultGrace + (job.Request.BatchSize > 0 ? TimeSpan.FromDays(1) : TimeSpan.Zero),
        job.Request.Timeout.TotalSeconds);

    private static void CompleteUnreachable(Job job, Recipient recipient)
    {
        if (recipient.Status is ClientStatus.Offline or ClientStatus.Online)
        {
            job.Complete(recipient.Identity, CommandStatus.Offline, "ClientOffline",
                $"The client is offline; last seen {recipient.LastSeen:u}. Start it, or take it off the list with Unregister-PantryClient.");
        }
        else
        {
            job.Complete(recipient.Identity, CommandStatus.Denied, $"Client{recipient.Status}", $"The client is {recipient.Status} and gets no orders.");
        }
    }

    private void Retire(Job job)
    {
        if (!job.Ended || !_numbers.TryRemove(job.Id, out _))
            return;
        _cancelledAt.TryRemove(job.Id, out _);
        _ended.Enqueue(job.Id);
        while (_ended.Count > options.KeptJobs && _ended.TryDequeue(out string? oldest))
            _jobs.TryRemove(oldest, out _);
    }

    // What is published whole has to pass every client's gate: a longer head would cut them all off.
    private static void RequireSmall(JobRequest request)
    {
        if (request.Command.Length > Names.MaxNameLength)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The command's name has {request.Command.Length:N0} characters; {Names.MaxNameLength} is the most.");
        if (request.Target.Streams.Count > Target.MaxStreams)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The order names {request.Target.Streams.Count:N0} streams; {Target.MaxStreams} is the most. Send it in parts.");
        foreach (string stream in request.Target.Streams)
            Names.RequireStream(stream);
        if (request.Target.Labels is { } labels)
            Target.OfLabels(labels.Application, labels.Environment, labels.Role);
    }

    /// <summary>Large orders take time on the way: sent again too soon, they would only be in their own way.</summary>
    private TimeSpan ResendAfter(Job job)
    {
        var onTheWay = TimeSpan.FromSeconds(job.Request.Arguments.Length * (double)job.Targets.Count / options.ResendBytesPerSecond);
        TimeSpan latest = job.Request.DeliveryTimeout / 2;
        return options.ResendAfter + (onTheWay < latest ? onTheWay : latest);
    }

    private void Drop(Job job)
    {
        _numbers.TryRemove(job.Id, out _);
        _jobs.TryRemove(job.Id, out _);
    }

    // Sorts by time and is unique without asking anyone.
    private static string NewId() => Guid.CreateVersion7().ToString("N");
}
