namespace Pantry;

/// <summary>How an application's document differs between two revisions.</summary>
public sealed record ApplicationDifference
{
    /// <summary>Name of the application.</summary>
    public required string Name { get; init; }

    /// <summary>The earlier revision.</summary>
    public required ApplicationInfo From { get; init; }

    /// <summary>The later one.</summary>
    public required ApplicationInfo To { get; init; }

    /// <summary>The lines that were removed (<c>-</c>) and added (<c>+</c>), with some around them.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];

    /// <summary>The lines as one text.</summary>
    public override string ToString() => string.Join('\n', Lines);
}
