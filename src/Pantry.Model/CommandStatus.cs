namespace Pantry;

/// <summary>How a command ended for one target.</summary>
public enum CommandStatus
{
    /// <summary>The command ran and succeeded.</summary>
    Succeeded,

    /// <summary>The command ran and failed, or could not be started.</summary>
    Failed,

    /// <summary>The command ran longer than its timeout and was stopped.</summary>
    TimedOut,

    /// <summary>The target could not be reached, or went away before it answered.</summary>
    Offline,

    /// <summary>The target refused the command.</summary>
    Denied,

    /// <summary>The order's validity ended before the target could start it.</summary>
    Expired,

    /// <summary>The command was cancelled.</summary>
    Cancelled,

    /// <summary>The target took the order and no result can come any more.</summary>
    Lost,

    /// <summary>The server knows no such client.</summary>
    Unknown,
}
