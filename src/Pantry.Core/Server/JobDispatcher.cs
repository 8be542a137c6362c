using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>
/// Carries orders to their targets: published once for all that hear, sent over the session to those that do not yet or
/// that did not acknowledge; and sees to it that every target ends.
/// </summary>
internal sealed class JobDispatcher(
    ClientRegistry registry, Authority authority, OrderDesk desk, ServerAudit audit, PantryOptions options, TimeProvider time, ServerCounters counters,
    Action<IEnumerable<Topic>, Message> publish, ILogger log)
{
    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private readonly ConcurrentQueue<string> _ended = new();
    private readonly ConcurrentDictionary<string, long> _numbers = new();
    private readonly ConcurrentDictionary<string, long> _cancelledAt = new();
    private volatile bool _stopped;

    public Job? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <summary>Starts a job: its targets are fixed here, and each gets its row.</summary>
    /// <param name="request">The order as it was signed.</param>
    /// <param name="by">Whose session it came over.</param>
    /// <param name="from">Where from; null for the server itself.</param>
    /// <exception cref="PantryException">The order does not stand, or its operator may not give it.</exception>
    public async Task<Job> StartAsync(SignedJob request, OperatorEntry by, string? from)
    {
        JobOrder order = desk.Check(request, by, from);
        if (_numbers.Count >= options.MaxJobs)
            throw new PantryException(PantryErrorCode.LimitReached, $"{options.MaxJobs:N0} jobs are under way, which is the server's limit. Wait for some to end, or cancel some.");

        (long number, IReadOnlyList<Recipient> recipients, IReadOnlyList<string> unknown) = registry.Expect(request.Target);
        if (recipients.Count + unknown.Count == 0)
        {
            throw new PantryException(PantryErrorCode.NoMatchingClient,
                $"No client that the server knows belongs to {request.Target}; nothing was sent. Get-PantryClient lists the clients and their streams.");
        }

        var job = new Job(
            order, [.. recipients.Select(recipient => recipient.Identity), .. unknown],
            recipients.ToDictionary(recipient => recipient.Identity, recipient => recipient.Key, Names.Comparer));
        await audit.OrderedAsync(job).ConfigureAwait(false);
        if (!_jobs.TryAdd(job.Id, job))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"There is a job {job.Id} already; an order is given once.");
        _numbers[job.Id] = number;
        // Looked at after the job can be found: either this sees the stop, or the stop sees the job.
        if (_stopped)
        {
            Drop(job);
            throw new PantryException(PantryErrorCode.Stopped, "The server was stopped; it takes no more orders.");
        }

        foreach (string identity in unknown)
            desk.CompleteUnknown(job, identity);

        var reachable = new List<Recipient>();
        foreach (Recipient recipient in recipients)
        {
            if (!Scopes.Covers(by.Scopes, order.Statement.Command, recipient.Labels))
                OrderDesk.CompleteOutOfScope(job, recipient, by);
            else if (recipient.Status == ClientStatus.Online)
                reachable.Add(recipient);
            else
                CompleteUnreachable(job, recipient);
        }

        job.Enqueue(reachable.Select(recipient => recipient.Identity));
        SendBatch(job, ofAll: reachable.Count);
        Retire(job);
        return job;
    }

    /// <summary>A client acknowledged an order; false where it is no target of the job.</summary>
    public bool Accept(string id, ClientRecord client)
    {
        if (Find(id) is not { } job)
            return true;
        if (!job.IsTarget(client.Identity, client.Key))
            return false;
        job.Accept(client.Identity, time.GetTimestamp());
        return true;
    }

    /// <summary>A client's result; false where the client is no target of the job.</summary>
    public bool Complete(Result result, IReadOnlyList<byte[]> bodies, ClientRecord client)
    {
        if (Find(result.Job) is not { } job)
            return true; // A job of an earlier run, or long ended: there is nobody to tell, and the client may forget it.
        if (!job.IsTarget(client.Identity, client.Key))
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
        foreach (Job job in _jobs.Values.Where(job => job.IsTarget(client.Identity, client.Key) && job.SentAt(client.Identity) is not null))
            End(job, client.Identity, CommandStatus.Offline, "WentOffline", $"The client went offline before it answered ({why}); last seen {client.LastSeen:u}.");
    }

    /// <summary>A client's key is trusted no more: what it would still say does not count. What waits for its turn ends when that comes.</summary>
    public void ClientDismissed(string identity, PublicKey key, string code, string why)
    {
        foreach (Job job in _jobs.Values.Where(job => job.IsTarget(identity, key) && job.SentAt(identity) is not null))
            End(job, identity, CommandStatus.Denied, code, why);
    }

    private void End(Job job, string identity, CommandStatus status, string code, string why)
    {
        if (job.Complete(identity, status, code, why))
            Advance(job);
    }

    /// <summary>The clients that still hold the keys which the order was given for.</summary>
    private List<Recipient> Present(Job job, IEnumerable<string> identities) =>
        [.. registry.Refresh(identities).Where(recipient => job.IsTarget(recipient.Identity, recipient.Key))];

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
            Retire(job);
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
            if (time.GetElapsedTime(target.AcceptedAt, now) > job.Order.Timeout + options.ResultGrace)
            {
                job.Complete(target.Identity, CommandStatus.Lost, "NoResult",
                    $"The client took the order and answers, but sent no result within {job.Order.Timeout + options.ResultGrace}. The command may have run.");
            }
        }
        else if (sinceSent > job.Order.Request.DeliveryTimeout)
        {
            job.Complete(target.Identity, CommandStatus.Offline, "NotDelivered",
                $"The client did not acknowledge the order within {job.Order.Request.DeliveryTimeout.TotalSeconds:0.#} s.");
        }
        else if (time.GetElapsedTime(target.LastSentAt, now) > ResendAfter(job) * Math.Pow(2, target.Resends))
        {
            job.NoteResend(target.Identity, now);
            foreach (Recipient recipient in Present(job, [target.Identity]))
                SendDirectly(job, recipient);
        }
    }

    private void SendCancel(Job job, IEnumerable<string> identities)
    {
        foreach (Recipient recipient in Present(job, identities))
            recipient.Session?.Post(new Message(MessageKind.CancelOrder, new CancelOrder(job.Id)));
    }

    private void Advance(Job job)
    {
        SendBatch(job, ofAll: null);
        Retire(job);
    }

    /// <summary>Sends to those whose turn it is.</summary>
    /// <param name="job">The job.</param>
    /// <param name="ofAll">How many targets are reachable, where none of them was sent the order yet.</param>
    private void SendBatch(Job job, int? ofAll)
    {
        IReadOnlyList<string> batch = job.TakeBatch(time.GetTimestamp());
        if (batch.Count == 0)
            return;

        bool whole = batch.Count == ofAll;
        // Looked up after the turn was noted: who goes before this is missing here, who goes after it finds the job.
        List<Recipient> recipients = Present(job, batch);
        foreach (Recipient recipient in recipients.Where(recipient => recipient.Status != ClientStatus.Online))
            CompleteUnreachable(job, recipient);
        foreach (string forgotten in batch.Except(recipients.Select(recipient => recipient.Identity), Names.Comparer))
            desk.CompleteGone(job, forgotten);

        var hearing = recipients.Where(recipient => recipient is { Session: not null, HearsPublished: true }).ToList();
        foreach (Recipient[] part in job.Order.Parts(hearing))
            Publish(job, part, onlyThese: !whole);

        foreach (Recipient recipient in recipients.Where(recipient => recipient is { Session: not null, HearsPublished: false }))
            SendDirectly(job, recipient);
    }

    private void Publish(Job job, Recipient[] hearing, bool onlyThese)
    {
        // Some only: by their names, which brings it to no more applications than theirs.
        Target target = job.Order.IsListed || onlyThese ? Target.Clients(hearing.Select(recipient => recipient.Identity)) : job.Order.Request.Target;
        Message order = job.Order.ToMessage(hearing, _numbers.GetValueOrDefault(job.Id), direct: false, authority.Bundle.Serial, onlyThese);
        publish(RoutePlan.Topics(target, [.. hearing.Select(recipient => recipient.Labels)]), order);
    }

    private void SendDirectly(Job job, Recipient recipient)
    {
        if (recipient.Session is not { } session)
            return;
        counters.SentDirectly();
        log.LogDebug("Order {Job} goes to {Client} over its session.", job.Id, recipient.Identity);
        session.Post(job.Order.ToMessage([recipient], _numbers.GetValueOrDefault(job.Id), direct: true, authority.Bundle.Serial, onlyThese: true));
    }

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
        if (!job.Ended)
            return;
        // Each time: it may have been cancelled after it had ended.
        _cancelledAt.TryRemove(job.Id, out _);
        if (!_numbers.TryRemove(job.Id, out _))
            return;
        audit.Ended(job);
        _ended.Enqueue(job.Id);
        while (_ended.Count > options.KeptJobs && _ended.TryDequeue(out string? oldest))
            _jobs.TryRemove(oldest, out _);
    }

    /// <summary>Large orders take time on the way: sent again too soon, they would only be in their own way.</summary>
    private TimeSpan ResendAfter(Job job)
    {
        var onTheWay = TimeSpan.FromSeconds(job.Order.Request.Arguments.Length * (double)job.Targets.Count / options.ResendBytesPerSecond);
        TimeSpan latest = job.Order.Request.DeliveryTimeout / 2;
        return options.ResendAfter + (onTheWay < latest ? onTheWay : latest);
    }

    private void Drop(Job job)
    {
        _numbers.TryRemove(job.Id, out _);
        _jobs.TryRemove(job.Id, out _);
    }
}
