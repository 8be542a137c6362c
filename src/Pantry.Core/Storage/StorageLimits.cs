namespace Pantry.Storage;

/// <summary>Every limit and interval of what is kept on the disk.</summary>
internal sealed record StorageLimits
{
    /// <summary>Orders a client's journal remembers; when that many may still come again, it takes no more.</summary>
    public int JournalEntries { get; init; } = 65_536;

    /// <summary>
    /// How long the journal remembers an order whose validity is over: longer than clocks may differ, and long enough to
    /// answer a server that asks what became of it.
    /// </summary>
    public TimeSpan JournalKeep { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Audit records that may wait to be written; when that many do, callers wait.</summary>
    public int AuditQueue { get; init; } = 4096;

    /// <summary>Audit records written in one transaction.</summary>
    public int AuditBatch { get; init; } = 512;

    /// <summary>How long a caller waits for its record to be written before that counts as failed.</summary>
    public TimeSpan AuditDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long records that stand in the database may wait for the disk to be synced: what a power cut can take.</summary>
    public TimeSpan AuditSync { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How soon records that the disk refused are tried again; at once when an order comes.</summary>
    public TimeSpan AuditRetry { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often refusals are written down, one record for all that are alike.</summary>
    public TimeSpan RefusalInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Kinds of refusals told apart in one interval; the rest is counted by reason alone.</summary>
    public int RefusalKinds { get; init; } = 64;

    /// <summary>Changes of jobs and rows written in one transaction.</summary>
    public int JobBatch { get; init; } = 1024;

    /// <summary>Bytes of output that may wait to be written; beyond, results are left with their clients, which send them again.</summary>
    public long WaitingOutput { get; init; } = 256L * 1024 * 1024;

    /// <summary>Bytes of live output that may wait to be written; beyond, pieces are left with their clients, which send them again.</summary>
    public long WaitingPieces { get; init; } = 64L * 1024 * 1024;

    /// <summary>How long jobs that have ended are kept.</summary>
    public TimeSpan JobKeep { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Bytes of output that are kept; beyond, the oldest jobs that have ended go.</summary>
    public long JobBytes { get; init; } = 4L * 1024 * 1024 * 1024;
}
