namespace Pantry;

/// <summary>What came of applying a package.</summary>
public enum ProvisionStatus
{
    /// <summary>All was as it should be.</summary>
    Unchanged,

    /// <summary>The tool changed something.</summary>
    Changed,

    /// <summary>In a dry run: the tool would change something.</summary>
    WouldChange,

    /// <summary>The tool failed, or a resource did.</summary>
    Failed,

    /// <summary>The tool ran for too long and was stopped; what it did by then is done.</summary>
    TimedOut,

    /// <summary>It was cancelled; what the tool did by then is done.</summary>
    Cancelled,

    /// <summary>The tool was not started: a package before this one failed, or the tool has no dry run.</summary>
    NotRun,

    /// <summary>
    /// No report came of a run that may have been begun: its client ended or went away in the middle, or said nothing that could be read. Nobody knows how far it
    /// came; the report's error says how the row ended. The server says this, never a client.
    /// </summary>
    Lost,
}
