namespace Pantry;

/// <summary>What an event is about.</summary>
public enum PantryEventKind
{
    /// <summary>A client has come.</summary>
    ClientOnline,

    /// <summary>A client has gone.</summary>
    ClientOffline,

    /// <summary>An order was given.</summary>
    JobStarted,

    /// <summary>Every target of a job has its row.</summary>
    JobEnded,

    /// <summary>A job was cancelled; its targets confirm it one by one.</summary>
    JobCancelled,

    /// <summary>A job starts no further target.</summary>
    JobSuspended,

    /// <summary>A job that was held goes on.</summary>
    JobResumed,

    /// <summary>Something else that the audit log has: who waits, was approved or was refused, and what operators decided.</summary>
    Security,

    /// <summary>Events came faster than they were read, and the oldest were left out.</summary>
    EventsLost,

    /// <summary>The link to the server was lost and is there again; what happened meanwhile is missing.</summary>
    Reconnected,
}
