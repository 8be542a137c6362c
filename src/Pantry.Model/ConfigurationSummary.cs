namespace Pantry;

/// <summary>What a check of a configuration file came to.</summary>
public sealed record ConfigurationSummary
{
    /// <summary>The file.</summary>
    public required string Path { get; init; }

    /// <summary>Whom it was checked for.</summary>
    public required ConfigurationKind Kind { get; init; }

    /// <summary>Whether it can be used.</summary>
    public bool IsValid => Errors == 0;

    /// <summary>How many errors there are.</summary>
    public required int Errors { get; init; }

    /// <summary>How many warnings there are.</summary>
    public required int Warnings { get; init; }

    /// <summary>How many keys say something.</summary>
    public required int Keys { get; init; }
}
