namespace Pantry.Protocol;

/// <summary>Which jobs are there?</summary>
internal sealed record ListJobs(JobFilter Filter);

/// <summary>Jobs that match, the newest first; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record JobPage(IReadOnlyList<JobInfo> Jobs, bool Last);

/// <summary>
/// Those of some jobs that have come further than is known, as <see cref="JobPage"/>; where none has, the answer waits until one
/// does.
/// </summary>
internal sealed record AwaitJobs(IReadOnlyList<JobMark> Jobs, double WaitSeconds);

/// <summary>A job and how many of its rows are known; with fewer than none it is told as it is.</summary>
internal sealed record JobMark(string Job, int Rows);

/// <summary>What can be done with a job that has not ended.</summary>
internal enum JobAction
{
    /// <summary>What was not started never is, and what runs is stopped.</summary>
    Cancel,

    /// <summary>No further target is started.</summary>
    Suspend,

    /// <summary>Targets are started again.</summary>
    Resume,
}

/// <summary>Do something with a job.</summary>
internal sealed record ControlJob(string Job, JobAction Action);

/// <summary>It was done; this is the job now.</summary>
internal sealed record JobChanged(JobInfo Job);

/// <summary>Which targets does a job have?</summary>
internal sealed record OpenJob(string Job);

/// <summary>The job's targets.</summary>
internal sealed record JobOpened(string Job, IReadOnlyList<string> Targets);

/// <summary>Rows of a job from a place on, at most so many; where there is none yet, the answer waits for one.</summary>
internal sealed record ReadRows(string Job, int From, int Most, double WaitSeconds);

/// <summary>The rows that there are were sent before this, as <see cref="Row"/>; the next one would be <paramref name="Next"/>.</summary>
internal sealed record RowsRead(string Job, int Next);

/// <summary>Which orders wait for clients that are offline?</summary>
internal sealed record ListQueue(JobFilter Filter);

/// <summary>Orders that wait; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record QueuePage(IReadOnlyList<QueuedOrder> Orders, bool Last);

/// <summary>Takes an order that waits for a client back.</summary>
internal sealed record Unqueue(string Job, string Client);

/// <summary>It was taken back: the client has its row.</summary>
internal sealed record Unqueued(QueuedOrder Order);

/// <summary>Which jobs are wanted; what is unset lets all through. Names may have wildcards.</summary>
internal sealed record JobFilter
{
    public string? Id { get; init; }

    public string? Command { get; init; }

    public string? Operator { get; init; }

    public PantryJobState? State { get; init; }

    /// <summary>Only so many, the newest that match.</summary>
    public int? Newest { get; init; }
}

/// <summary>The order that a client would get, to say whether it would carry it out; bodies as in <see cref="Order"/>.</summary>
internal sealed record Prepare(Order Order);

/// <summary>The client would carry the order out; where it would not, it says so by a result.</summary>
internal sealed record Prepared(string Job);
