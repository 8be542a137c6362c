using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>What a check of all stored packages has found.</summary>
public sealed record PackageStoreCheck
{
    /// <summary>Whether everything is there, as it was written.</summary>
    public bool IsIntact { get; init; }

    /// <summary>How many packages were looked at.</summary>
    public int Packages { get; init; }

    /// <summary>How many pieces of content were read.</summary>
    public long Chunks { get; init; }

    /// <summary>Bytes that were read.</summary>
    public long Bytes { get; init; }

    /// <summary>What is not as it must be.</summary>
    [JsonRequired]
    public IReadOnlyList<PackageStoreProblem> Problems { get; init; } = [];
}

/// <summary>Something of a package that is missing or damaged.</summary>
/// <param name="Package">Name of the package.</param>
/// <param name="Version">Its version.</param>
/// <param name="File">The file in it; null where it is the list of files itself.</param>
/// <param name="Problem">What is wrong, and what to do.</param>
public sealed record PackageStoreProblem(string Package, string Version, string? File, string Problem)
{
    /// <summary>What is wrong, and where.</summary>
    public override string ToString() => $"{Package} {Version}{(File is null ? "" : $", {File}")}: {Problem}";
}
