namespace Pantry;

/// <summary>One thing that is wrong in a configuration, and where.</summary>
public sealed record ConfigurationFinding
{
    /// <summary>The file, or the environment variable.</summary>
    public required string Path { get; init; }

    /// <summary>Line, from 1; 0 where it is about the file as a whole, or no file.</summary>
    public int Line { get; init; }

    /// <summary>Column, from 1; 0 where it is about the file as a whole, or no file.</summary>
    public int Column { get; init; }

    /// <summary>Whether it stops anything.</summary>
    public required FindingSeverity Severity { get; init; }

    /// <summary>The key that it is about, such as networking.receive_port; null where it is about none.</summary>
    public string? Key { get; init; }

    /// <summary>What is wrong, and the cure.</summary>
    public required string Message { get; init; }

    /// <summary>Place and message in one line.</summary>
    public override string ToString() => Line > 0 ? $"{Path}:{Line}:{Column}: {Message}" : $"{Path}: {Message}";
}
