using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>A version of a package, as it is stored on the server. It never changes once it is published.</summary>
public sealed record PackageInfo
{
    /// <summary>Name of the package.</summary>
    public required string Name { get; init; }

    /// <summary>Its version, by Semantic Versioning.</summary>
    public required string Version { get; init; }

    /// <summary>The tool that applies it, such as chef or script.</summary>
    public required string Kind { get; init; }

    /// <summary>What it is for; null where it does not say.</summary>
    public string? Description { get; init; }

    /// <summary>The packages that it needs.</summary>
    [JsonRequired]
    public IReadOnlyList<PackageDependency> Dependencies { get; init; } = [];

    /// <summary>SHA-256 of the list of its files: two versions with the same digest have the same files.</summary>
    public required string Digest { get; init; }

    /// <summary>How many files it has.</summary>
    public int Files { get; init; }

    /// <summary>Bytes of all its files.</summary>
    public long Size { get; init; }

    /// <summary>When it was published.</summary>
    public DateTimeOffset PublishedAt { get; init; }

    /// <summary>The operator who published it.</summary>
    public required string PublishedBy { get; init; }

    /// <summary>Applications that name the package or need it through another one, in whatever version, as far as the operator may see them.</summary>
    [JsonRequired]
    public IReadOnlyList<string> UsedBy { get; init; } = [];

    /// <summary>How many more applications do, which the operator may not see.</summary>
    public int UsedByOthers { get; init; }

    /// <summary>Name and version.</summary>
    public override string ToString() => $"{Name} {Version}";
}
