namespace Pantry;

/// <summary>What came of one step of a command that takes steps.</summary>
public sealed class StepResult
{
    /// <summary>Its place, from 1 on.</summary>
    public int Number { get; init; }

    /// <summary>Its name, or its command where it was given none.</summary>
    public required string Name { get; init; }

    /// <summary>Name of its command.</summary>
    public required string Command { get; init; }

    /// <summary>How it ended; <see cref="CommandStatus.Cancelled"/> where a step before it failed.</summary>
    public CommandStatus Status { get; init; }

    /// <summary>Exit code of its process, where there was one.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What it returned: objects of a script, lines of a shell command.</summary>
    public object?[] Output { get; init; } = [];

    /// <summary>Standard output as text.</summary>
    public string StandardOutput { get; init; } = "";

    /// <summary>Standard error as text.</summary>
    public string StandardError { get; init; } = "";

    /// <summary>Why it did not succeed; null where it did.</summary>
    public CommandError? Error { get; init; }

    /// <summary>Whether output was left out because it passed the client's limit.</summary>
    public bool Truncated { get; init; }

    /// <summary>When it was started; null where it never was.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>How long it ran.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>Number, name and status.</summary>
    public override string ToString() => $"{Number}. {Name}: {Status}";
}
