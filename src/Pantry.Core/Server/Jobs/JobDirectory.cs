using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server.Output;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Jobs;

/// <summary>Jobs as operators look for them, those under way and those on the disk alike; each has its own, an administrator all.</summary>
internal sealed class JobDirectory(JobDispatcher jobs, JobStore store, ClientRegistry registry, ServerAudit audit, PantryOptions options, TimeProvider time)
{
    /// <summary>Jobs that match, the newest first.</summary>
    public IEnumerable<JobInfo> Find(JobFilter filter, OperatorEntry by)
    {
        Func<string, string, string, bool> matches = Match(filter);
        IEnumerable<JobInfo> found = store.List(by.Administrator ? null : by.SigningKey, NamePattern.Of(filter.Id) is { IsLiteral: true } ? filter.Id : null)
            .Where(job => matches(job.JobId, job.Command, job.Operator))
            // Before the rows of each are counted, which those that do not match need not be.
            .Where(job => filter.State is null || (jobs.Find(job.JobId)?.State ?? job.State) == filter.State)
            .Select(Now)
            .Where(job => filter.State is null || job.State == filter.State);
        return filter.Newest is { } newest ? found.Take(newest) : found;
    }

    /// <summary>The rows of a job that the operator may see.</summary>
    /// <exception cref="PantryException">There is no such job of this operator.</exception>
    public JobRowsOf Open(string id, OperatorEntry by, string? from, string what)
    {
        if (jobs.Find(id) is { } job)
            return MayTouch(job.Order.By.SigningKey, id, by, from, what) ? JobRowsOf.Of(job) : throw None(id);
        if (store.Load(id) is not { } stored || !MayTouch(stored.OperatorKey, id, by, from, what))
            throw None(id);
        // One that is just being ended may have its last rows in memory only for a moment.
        var rows = new JobRowList(stored.Rows.Count, options.KeptOutput, row => store.Output(id, row), stored.Rows.Select(row => row.Row));
        JobOutput? output = stored.IsLive
            ? new JobOutput(stored.Targets.Count, options.Wire.MaxResultBytes, store.CountPieces(id), PlacesOf(stored.Rows.Select(row => row.Row), stored.Targets))
            : null;
        return new JobRowsOf(id, stored.Targets, rows, output);
    }

    /// <summary>Places among the targets of those that have rows.</summary>
    public static IEnumerable<int> PlacesOf(IEnumerable<ResultRow> rows, IReadOnlyList<string> targets)
    {
        Dictionary<string, int> places = targets.Index().ToDictionary(target => target.Item, target => target.Index, Names.Comparer);
        return rows.Select(row => places[row.Client]);
    }

    /// <summary>
    /// Those of some jobs that have come further than is known; waits for one where none has. When one has it waits a moment
    /// longer, so that rows which follow each other are told at once, but not when a job has ended.
    /// </summary>
    /// <exception cref="PantryException">There is no such job of this operator, or these are too many.</exception>
    public async Task<IReadOnlyList<JobInfo>> AwaitAsync(AwaitJobs request, OperatorEntry by, string? from, CancellationToken cancellation)
    {
        if (request.Jobs.Count > options.MaxJobs)
            throw new PantryException(PantryErrorCode.LimitReached, $"{request.Jobs.Count:N0} jobs cannot be waited for at once; {options.MaxJobs:N0} is the most. Wait for some of them.");
        if (request.Jobs.Count == 0)
            return [];
        var jobs = request.Jobs.Select(mark => (Of: Open(mark.Job, by, from, nameof(AwaitJobs)), Known: mark.Rows)).ToList();
        var wait = TimeSpan.FromSeconds(Math.Clamp(request.WaitSeconds, 0, options.RowWait.TotalSeconds));
        await AnyAsync(jobs.Select(job => (job.Of.Rows, job.Known)), wait, cancellation).ConfigureAwait(false);
        if (!jobs.Any(job => job.Known < 0))
            await AnyAsync(jobs.Select(job => (job.Of.Rows, job.Of.Targets.Count - 1)), wait < options.JobNewsInterval ? wait : options.JobNewsInterval, cancellation).ConfigureAwait(false);
        // Rows that stand for what was not heard, because the server stops, are no news: whoever waits asks again when it is there.
        if (jobs.Any(job => job.Of.Rows.IsClosed))
            return [];
        return [.. jobs.Where(job => job.Of.Rows.Count > job.Known || job.Of.Rows.Count == job.Of.Targets.Count).SelectMany(job => Info(job.Of.Id))];
    }

    /// <exception cref="PantryException">There is no such job of this operator, or it has ended.</exception>
    public JobInfo Control(ControlJob request, OperatorEntry by, string? from)
    {
        if (request.Action == JobAction.Cancel)
            jobs.NoteCancel(request.Job, by);
        _ = Open(request.Job, by, from, request.Action.ToString());
        if (jobs.Find(request.Job) is not { Ended: false } job)
        {
            throw new PantryException(PantryErrorCode.JobEnded, $"The job {request.Job} has ended; there is nothing left to {request.Action.ToString().ToLowerInvariant()}.") { Target = request.Job };
        }

        audit.Note(by, from, $"Job{request.Action}", job.Order.Request.Target.ToString(), "Done", job.Id);
        if (request.Action == JobAction.Cancel)
            jobs.Cancel(job);
        else
            jobs.Suspend(job, request.Action == JobAction.Suspend);
        return ToInfo(job);
    }

    /// <summary>Orders that wait for clients which are offline.</summary>
    public IEnumerable<QueuedOrder> Queue(JobFilter filter, OperatorEntry by)
    {
        Func<string, string, string, bool> matches = Match(filter);
        return jobs.All
            .Where(job => job.Order.Request.Plan.Queue && !job.Ended && (by.Administrator || job.Order.By.SigningKey.AsSpan().SequenceEqual(by.SigningKey))
                && matches(job.Id, job.Order.Statement.Command, job.Order.By.Name))
            .OrderBy(job => job.CreatedAt)
            .SelectMany(job => job.Waiting().Where(IsAway).Select(client => ToQueued(job, client)));
    }

    /// <exception cref="PantryException">No such order waits, or it is another operator's.</exception>
    public QueuedOrder Unqueue(Unqueue request, OperatorEntry by, string? from)
    {
        if (jobs.Find(request.Job) is not { } job || !MayTouch(job.Order.By.SigningKey, request.Job, by, from, nameof(Unqueue))
            || !job.Order.Request.Plan.Queue || job.Progress.StateOf(request.Client) != TargetState.Waiting)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"No order of job '{DisplayText.Clean(request.Job, 80)}' waits for '{DisplayText.Clean(request.Client, 80)}'. Get-PantryQueue lists those that do.")
            { Target = request.Job };
        }

        audit.Note(by, from, "OrderUnqueued", request.Client, "Done", job.Id);
        QueuedOrder order = ToQueued(job, request.Client);
        jobs.End(job, request.Client, CommandStatus.Cancelled, "Unqueued", $"Taken out of the queue by '{by.Name}' before the client came.");
        return order;
    }

    // Until one of them has a row at its place.
    private async Task AnyAsync(IEnumerable<(JobRowList Rows, int Place)> awaited, TimeSpan wait, CancellationToken cancellation)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task first = await Task.WhenAny(awaited.Select(one => one.Rows.WaitForAsync(one.Place, wait, time, enough.Token))).ConfigureAwait(false);
        await enough.CancelAsync().ConfigureAwait(false);
        await first.ConfigureAwait(false);
    }

    // One that was just removed has none.
    private IEnumerable<JobInfo> Info(string id) => store.List(null, id).Select(Now);

    private bool IsAway(string client) => registry.Find(client)?.Status != ClientStatus.Online;

    private JobInfo Now(JobInfo stored) => jobs.Find(stored.JobId) is { } job
        ? ToInfo(job) with { EndedAt = job.EndedAt ?? stored.EndedAt }
        : stored with { Rows = store.Counts(stored.JobId) };

    private static JobInfo ToInfo(Job job) => new()
    {
        JobId = job.Id,
        Command = job.Order.Statement.Command,
        Target = job.Order.Request.Target.ToString(),
        Operator = job.Order.By.Name,
        State = job.State,
        CreatedAt = job.CreatedAt,
        ValidUntil = job.Order.Statement.NotAfter,
        Targets = job.Targets.Count,
        Rows = job.Rows.Counts(),
    };

    private static QueuedOrder ToQueued(Job job, string client) => new()
    {
        JobId = job.Id,
        Client = client,
        Command = job.Order.Statement.Command,
        Operator = job.Order.By.Name,
        CreatedAt = job.CreatedAt,
        ValidUntil = job.Order.Statement.NotAfter,
    };

    // By the key: who has the name of an operator that is gone has none of its jobs.
    private bool MayTouch(byte[] ownerKey, string id, OperatorEntry by, string? from, string what)
    {
        if (by.Administrator || ownerKey.AsSpan().SequenceEqual(by.SigningKey))
            return true;
        audit.Note(by, from, what, id, nameof(PantryErrorCode.OutOfScope), id);
        return false;
    }

    // Patterns are read once, and wrong ones are refused before anything is looked for.
    private static Func<string, string, string, bool> Match(JobFilter filter)
    {
        NamePattern? id = NamePattern.Of(filter.Id), command = NamePattern.Of(filter.Command), name = NamePattern.Of(filter.Operator);
        return (job, ordered, by) => NamePattern.Fits(id, job) && NamePattern.Fits(command, ordered) && NamePattern.Fits(name, by);
    }

    private static PantryException None(string id) => new(PantryErrorCode.NoMatchingJob,
        $"The server has no job '{DisplayText.Clean(id, 80)}' of this operator. Get-PantryJob lists those there are; they are removed some time after they ended.")
    { Target = id };
}

/// <summary>A job's targets and rows, and its live output where that was wanted.</summary>
internal sealed record JobRowsOf(string Id, IReadOnlyList<string> Targets, JobRowList Rows, JobOutput? Output)
{
    public static JobRowsOf Of(Job job) => new(job.Id, job.Targets, job.Rows, job.Output);
}
