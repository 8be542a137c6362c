using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>An application's document in one of its revisions.</summary>
public sealed record ApplicationInfo
{
    /// <summary>Name of the application, as clients have it.</summary>
    public required string Name { get; init; }

    /// <summary>Number of the revision; each change makes the next one.</summary>
    public required int Revision { get; init; }

    /// <summary>What the revision did.</summary>
    public ApplicationChange Change { get; init; }

    /// <summary>When.</summary>
    public DateTimeOffset ChangedAt { get; init; }

    /// <summary>The operator who did.</summary>
    public required string ChangedBy { get; init; }

    /// <summary>What the application is for, as its document says.</summary>
    public string? Description { get; init; }

    /// <summary>Names of the packages that the document has.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Packages { get; init; } = [];

    /// <summary>The document, in YAML; empty where the application was removed.</summary>
    [JsonIgnore]
    public string Document { get; init; } = "";

    /// <summary>Name and revision.</summary>
    public override string ToString() => $"{Name} revision {Revision}";
}
