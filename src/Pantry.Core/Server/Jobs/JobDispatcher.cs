using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Output;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Jobs;

/// <summary>
/// Carries orders out: takes them, gives them to their targets, hears the answers, and sees to it that every target ends
/// in one row, also when the server is restarted in between.
/// </summary>
internal sealed class JobDispatcher(
    ClientRegistry registry, OrderDesk desk, JobStore store, OrderSender sender, ServerAudit audit, ServerCounters counters, PantryOptions options, TimeProvider time, ILogger log)
{
    private readonly ConcurrentDictionary<string, Job> _jobs = new();
    private readonly ConcurrentQueue<string> _ended = new();
    private readonly EarlyCancels _early = new(options, time);
    private readonly long _startedAt = time.GetTimestamp();
    private int _open;
    private volatile bool _stopped;

    /// <summary>Fixes what more there is to an order before it is taken; it is given all the targets that are known.</summary>
    public Func<JobOrder, IReadOnlyList<Recipient>, JobTerms?> Terms { get; set; } = (_, _) => null;

    /// <summary>Called when a row is on the disk that has provisioning reports, or should have them.</summary>
    public Action ReportsDue { get; set; } = () => { };

    /// <summary>The job, where it is under way or has ended lately.</summary>
    public Job? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <summary>Jobs under way, and those that have ended lately.</summary>
    public ICollection<Job> All => _jobs.Values;

    /// <summary>Jobs that have not ended.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>Starts a job: its targets are fixed here, and each gets its row.</summary>
    /// <param name="request">The order as it was signed.</param>
    /// <param name="by">Whose session it came over.</param>
    /// <param name="from">Where from; null for the server itself.</param>
    /// <exception cref="PantryException">The order does not stand, its operator may not give it, or it cannot be written down.</exception>
    public async Task<Job> StartAsync(SignedJob request, OperatorEntry by, string? from)
    {
        if (request.Plan.Fault() is { } fault)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The order cannot be carried out like that: {fault}.");
        JobOrder order = desk.Check(request, by, from);
        if (Volatile.Read(ref _open) >= options.MaxJobs)
            throw new PantryException(PantryErrorCode.LimitReached, $"{options.MaxJobs:N0} jobs are under way, which is the server's limit. Wait for some to end, or cancel some.");

        (long number, IReadOnlyList<Recipient> recipients, IReadOnlyList<string> unknown) = registry.Expect(request.Target);
        if (recipients.Count + unknown.Count == 0)
        {
            throw new PantryException(PantryErrorCode.NoMatchingClient,
                $"No client that the server knows belongs to {request.Target}; nothing was sent. Get-PantryClient lists the clients and their streams.");
        }

        JobTerms? terms = Terms(order, recipients);
        string[] targets = [.. recipients.Select(recipient => recipient.Identity), .. unknown];
        PublicKey?[] keys = [.. recipients.Select(recipient => recipient.Key), .. unknown.Select(_ => (PublicKey?)null)];
        Job job = NewJob(order, targets, keys, time.GetUtcNow(), number, [], []);
        if (_stopped)
            throw Stopped();
        await audit.OrderedAsync(job).ConfigureAwait(false);
        if (!_jobs.TryAdd(job.Id, job))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"There is a job {job.Id} already; an order is given once.");
        Interlocked.Increment(ref _open);
        try
        {
            terms?.Keep();
            await store.AddAsync(ToStored(job, keys)).ConfigureAwait(false);
            // Looked at after the job can be found: either this sees the stop, or the stop sees the job; and so with its cancel.
            if (_stopped)
                throw Stopped();
            if (_early.Take(job.Id, by))
                throw new PantryException(PantryErrorCode.JobEnded, $"The job {job.Id} was cancelled before it was taken; nothing was sent.") { Target = job.Id };
        }
        catch
        {
            store.Remove(job.Id);
            terms?.Forget();
            _jobs.TryRemove(job.Id, out _);
            Interlocked.Decrement(ref _open);
            throw;
        }

        log.LogInformation("Job {Job} of operator {Operator} begins: {Command} on {Targets} targets.", job.Id, by.Name, job.Order.Statement.Command, job.Targets.Count);
        foreach (string identity in unknown)
            desk.EndUnknown(job, identity, EndOnly);
        Begin(job, recipients, by, terms);
        return job;
    }

    /// <summary>Takes up what was under way when the server ended, before any peer is heard.</summary>
    public void Restore()
    {
        foreach (StoredJob stored in store.LoadOpen())
        {
            JobOrder order = desk.Reopen(stored);
            Job job = NewJob(order, stored.Targets, stored.Order!.Keys, stored.CreatedAt, number: 0, stored.Rows.Select(row => row.Row), stored.IsLive ? store.CountPieces(stored.Id) : []);
            job.Restore(stored, time.GetTimestamp());
            _jobs[job.Id] = job;
            Interlocked.Increment(ref _open);
            log.LogInformation("Job {Job} goes on: {Missing} of {Targets} targets have no row.", job.Id, job.Targets.Count - job.Rows.Count, job.Targets.Count);
            // Its last row may have been written, and the end of the job not.
            if (job.Ended)
                Retire(job);
            else
                Advance(job);
        }
    }

    /// <summary>The job that its operator wants to cancel; one that has not come yet, and comes later, is not begun then.</summary>
    public void NoteCancel(string id, OperatorEntry by)
    {
        _early.Add(id, by);
        if (_jobs.ContainsKey(id))
            _early.Remove(id);
    }

    /// <summary>Cancels a job: what was not started ends now, what runs is told to stop.</summary>
    public void Cancel(Job job)
    {
        job.Cancel(time.GetTimestamp());
        store.Note(job.Id, job.State);
        Halt(job, "Cancelled", "Cancelled before it was started.");
        sender.SendCancel(job, job.Progress.OpenTargets().Select(target => target.Identity));
    }

    /// <summary>Starts no further target, or goes on with them.</summary>
    public void Suspend(Job job, bool suspended)
    {
        if (!job.Suspend(suspended))
            return;
        store.Note(job.Id, job.State);
        Advance(job);
    }

    /// <summary>Ends a target without its own word.</summary>
    public void End(Job job, string identity, CommandStatus status, string code, string message)
    {
        EndOnly(job, identity, status, code, message);
        Advance(job);
    }

    /// <summary>Ends what was not started.</summary>
    public void Halt(Job job, string code, string message)
    {
        foreach (string identity in job.TakeWaiting())
            EndOnly(job, identity, CommandStatus.Cancelled, code, message);
    }

    /// <summary>
    /// The server stops: jobs go on when it is started again. Whoever reads rows in this process gets one for each target
    /// now.
    /// </summary>
    public async Task StopAsync()
    {
        _stopped = true;
        await store.FlushAsync().WaitAsync(options.StopTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Job job in _jobs.Values.Where(job => job.Rows.Count < job.Targets.Count))
        {
            job.Output?.Close();
            var lost = Result.WithoutRun(
                job.Id, CommandStatus.Lost, "ServerStopped",
                $"The server was stopped before the client answered. The job goes on when it is started again; Receive-PantryJob {job.Id} has its rows then.");
            job.Rows.Close(job.Targets, target => new ResultRow(0, target, null, lost, []));
        }
    }

    /// <summary>Gives the order to those whose turn it is.</summary>
    public void Advance(Job job)
    {
        if (job.Stop() is { } stop)
            Halt(job, stop.Code, stop.Message);
        if (job.QuorumIsLost)
            Halt(job, "QuorumNotReached", $"Not started: {job.Order.Request.Plan.Quorum} of the targets were to be ready, and are not.");
        while (SendBatch(job))
        {
            // Some ended at once: there is room for others.
        }
    }

    private Job NewJob(
        JobOrder order, IReadOnlyList<string> targets, IReadOnlyList<PublicKey?> keys, DateTimeOffset createdAt, long number, IEnumerable<ResultRow> rows,
        IReadOnlyList<(int Target, int Pieces, long Bytes)> pieces)
    {
        ResultRow[] there = [.. rows];
        return new Job(order, targets, keys, createdAt, new JobRowList(targets.Count, options.KeptOutput, row => store.Output(order.Statement.Job, row), there))
        {
            Number = number,
            TakenAt = time.GetTimestamp(),
            Output = order.Request.Plan.Live ? new JobOutput(targets.Count, options.Wire.MaxResultBytes, pieces, JobDirectory.PlacesOf(there, targets)) : null,
        };
    }

    private void Begin(Job job, IReadOnlyList<Recipient> recipients, OperatorEntry by, JobTerms? terms)
    {
        var reachable = new List<string>();
        foreach (Recipient recipient in recipients)
        {
            if (!job.Order.Commands.All.All(command => Scopes.Covers(by.Scopes, command, recipient.Labels)))
                OrderDesk.EndOutOfScope(job, recipient, by, EndOnly);
            else if (terms?.Refused.GetValueOrDefault(recipient.Identity) is { } fault)
                EndOnly(job, recipient.Identity, CommandStatus.Failed, fault.Code, fault.Message);
            else if (recipient.Status == ClientStatus.Online || (recipient.Status == ClientStatus.Offline && (job.Order.Request.Plan.Queue || (recipient.Awaited && MayComeBack(job)))))
                reachable.Add(recipient.Identity);
            else
                EndUnreachable(job, recipient);
        }

        // The order of the targets is that in which they take their turns, also after a restart.
        job.Enqueue(reachable);
        // Whoever cancelled it before this found nobody in line.
        if (job.CancelledAt != 0)
            Cancel(job);
        if (job.State == PantryJobState.Preparing)
            sender.SendPrepare(job, reachable);
        Advance(job);
    }

    private bool SendBatch(Job job)
    {
        int before = job.Begun;
        IReadOnlyList<string> batch = job.TakeBatch(time.GetTimestamp(), MayStart(job));
        if (batch.Count == 0)
            return false;
        if (job.Begun > before && !job.Order.Request.Plan.BeginsAtOnce())
            store.Note(job.Id, job.State, job.Begun);

        // Looked up after the turn was noted: who goes before this is missing here, who goes after it finds the job.
        List<Recipient> recipients = sender.Present(job, batch);
        Recipient[] online = [.. recipients.Where(recipient => recipient.Status == ClientStatus.Online)];
        job.Progress.NoteSent(online.Select(recipient => recipient.Identity));
        sender.Send(job, online, whole: job.IsAll(batch));
        foreach (Recipient recipient in recipients.Where(recipient => recipient.Status != ClientStatus.Online))
            EndUnreachable(job, recipient);
        foreach (string forgotten in batch.Except(recipients.Select(recipient => recipient.Identity), Names.Comparer))
            desk.EndGone(job, forgotten, EndOnly);
        if (online.Length == batch.Count)
            return false;
        if (job.Stop() is { } stop)
            Halt(job, stop.Code, stop.Message);
        return true;
    }

    private void EndOnly(Job job, string identity, CommandStatus status, string code, string message)
    {
        if (job.TryEnd(identity, Result.WithoutRun(job.Id, status, code, message), [], null, itself: false) is { } row)
            Write(job, row, stored: null);
    }

    // An order that waits for clients is sent to none that is away; nor is one whose server was restarted, before it or after it, until they had time to come back.
    private Func<string, bool> MayStart(Job job) =>
        job.Order.Request.Plan.Queue || (job.RestoredAt != 0 && time.GetElapsedTime(job.RestoredAt) < options.RestartGrace)
            ? identity => registry.Find(identity)?.Status != ClientStatus.Offline
            : MayComeBack(job)
            ? identity => registry.Find(identity) is not { Status: ClientStatus.Offline, Awaited: true }
            : _ => true;

    // The server has just started, and the order still has time for its way.
    private bool MayComeBack(Job job) =>
        time.GetElapsedTime(_startedAt) < options.ComeBackTime && time.GetElapsedTime(job.TakenAt) < job.Order.Request.DeliveryTimeout;

    private void EndUnreachable(Job job, Recipient recipient)
    {
        if (recipient.Status is ClientStatus.Offline or ClientStatus.Online)
        {
            EndOnly(job, recipient.Identity, CommandStatus.Offline, "ClientOffline", job.RestoredAt != 0
                ? $"The client did not come back after the server was restarted; last seen {recipient.LastSeen:u}. The command may have run."
                : $"The client is offline; last seen {recipient.LastSeen:u}. Start it, or take it off the list with Unregister-PantryClient.");
        }
        else
        {
            EndOnly(job, recipient.Identity, CommandStatus.Denied, $"Client{recipient.Status}", $"The client is {recipient.Status} and gets no orders.");
        }
    }

    /// <summary>Writes a row; it counts, and its readers see it, when it is on the disk.</summary>
    public void Write(Job job, StoredRow row, Action? stored) => store.AddRow(job.Id, row, (numbered, pieces) =>
    {
        counters.Row(numbered.Result.Status);
        job.Progress.NoteWritten(numbered.Client);
        bool last = numbered.Number == job.Targets.Count - 1;
        // Before anybody can read its last row.
        if (last)
            job.NoteEnded(time.GetUtcNow());
        job.Rows.Add(numbered);
        if (row.Live is { } target)
            job.Output?.NoteStored(target, pieces, ended: true);
        stored?.Invoke();
        if (row.ReportsOf is not null)
            ReportsDue();
        if (last)
            Retire(job);
    });

    private void Retire(Job job)
    {
        store.Note(job.Id, job.State);
        audit.Ended(job);
        // A summary looks at every row.
        if (log.IsEnabled(LogLevel.Information))
            log.LogInformation("Job {Job} has ended: {Outcome}.", job.Id, job.Rows.Summary());
        Interlocked.Decrement(ref _open);
        _ended.Enqueue(job.Id);
        while (_ended.Count > options.KeptJobs && _ended.TryDequeue(out string? oldest))
            _jobs.TryRemove(oldest, out _);
    }

    private static PantryException Stopped() => new(PantryErrorCode.Stopped, "The server was stopped; it takes no more orders.");

    private static StoredJob ToStored(Job job, IReadOnlyList<PublicKey?> keys) => new()
    {
        Id = job.Id,
        Operator = job.Order.By.Name,
        OperatorKey = job.Order.By.SigningKey,
        From = job.Order.From,
        Command = job.Order.Statement.Command,
        Target = job.Order.Request.Target.ToString(),
        CreatedAt = job.CreatedAt,
        NotAfter = job.Order.Statement.NotAfter,
        State = job.State,
        Targets = job.Targets,
        IsLive = job.Output is not null,
        // Where all may begin at once, that need not be noted again when they do.
        Order = new StoredOrder(job.Order.Request, keys, job.Order.Request.Plan.BeginsAtOnce() ? job.Targets.Count : 0),
    };
}
