namespace Pantry;

/// <summary>How far a job has come.</summary>
public enum PantryJobState
{
    /// <summary>Targets say whether they are ready; none has started.</summary>
    Preparing,

    /// <summary>Targets are at work, or wait for their turn.</summary>
    Running,

    /// <summary>No further target is started until the job is resumed.</summary>
    Suspended,

    /// <summary>The job was cancelled, and targets that were at work have not all confirmed it.</summary>
    Cancelling,

    /// <summary>The job was cancelled, and every target has its row.</summary>
    Cancelled,

    /// <summary>Every target has its row.</summary>
    Ended,
}
