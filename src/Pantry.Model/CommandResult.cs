namespace Pantry;

/// <summary>The one result row of one target.</summary>
public sealed class CommandResult
{
    /// <summary>Identity of the target.</summary>
    public required string Client { get; init; }

    /// <summary>Id of the job that the row belongs to.</summary>
    public required string JobId { get; init; }

    /// <summary>How the command ended.</summary>
    public CommandStatus Status { get; init; }

    /// <summary>Exit code of the process, where there was one.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What the command returned: objects of a script, lines of a shell command.</summary>
    public object?[] Output { get; init; } = [];

    /// <summary>Standard output as text.</summary>
    public string StandardOutput { get; init; } = "";

    /// <summary>Standard error as text.</summary>
    public string StandardError { get; init; } = "";

    /// <summary>Standard output as it came, for output that is not text.</summary>
    public byte[] StandardOutputBytes { get; init; } = [];

    /// <summary>Standard error as it came.</summary>
    public byte[] StandardErrorBytes { get; init; } = [];

    /// <summary>Why the target did not succeed; null where it did.</summary>
    public CommandError? Error { get; init; }

    /// <summary>Error records of a script.</summary>
    public object?[] Errors { get; init; } = [];

    /// <summary>Warning records of a script.</summary>
    public object?[] Warnings { get; init; } = [];

    /// <summary>Verbose records of a script.</summary>
    public object?[] Verbose { get; init; } = [];

    /// <summary>Information records of a script.</summary>
    public object?[] Information { get; init; } = [];

    /// <summary>Whether output was left out because it passed the client's limit.</summary>
    public bool Truncated { get; init; }

    /// <summary>When the client started the command; null where it never did.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>How long the command ran on the client.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Client and status.</summary>
    public override string ToString() => $"{Client}: {Status}";
}
