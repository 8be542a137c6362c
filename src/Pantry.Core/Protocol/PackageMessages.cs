using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>Which packages are there?</summary>
internal sealed record ListPackages(PackageFilter Filter);

/// <summary>Packages; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record PackagePage(IReadOnlyList<PackageInfo> Packages, bool Last);

/// <summary>Publish a version of a package. Its files are brought to the server before, on the port of files.</summary>
/// <param name="Name">Name of the package.</param>
/// <param name="Version">Its version.</param>
/// <param name="Kind">The tool that applies it.</param>
/// <param name="Description">What it is for.</param>
/// <param name="Dependencies">The packages it needs.</param>
/// <param name="Digest">SHA-256 of the manifest of its files, in hexadecimal digits.</param>
internal sealed record PublishPackage(string Name, string Version, string Kind, string? Description, IReadOnlyList<PackageDependency> Dependencies, string Digest);

/// <summary>The package; null where the server lacks some of its files: bring them, and ask again.</summary>
internal sealed record PackagePublished(PackageInfo? Package);

/// <summary>Take a version of a package away.</summary>
/// <param name="Name">Name of the package.</param>
/// <param name="Version">The version.</param>
/// <param name="Force">Also where an application uses it.</param>
internal sealed record RemovePackage(string Name, string Version, bool Force);

/// <summary>The package as it was.</summary>
internal sealed record PackageRemoved(PackageInfo Package);

/// <summary>Is everything there that packages have, and as it was written?</summary>
internal sealed record VerifyPackages;

/// <summary>What was found so far; more pages follow until <paramref name="Last"/>, whose figures are those of the whole.</summary>
internal sealed record PackagesVerified(PackageStoreCheck Check, bool Last);

/// <summary>Which packages: all conditions must hold. Names and kind know <c>*</c>, <c>?</c> and <c>[a-z]</c>.</summary>
internal sealed record PackageFilter
{
    [JsonRequired]
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>A range of versions.</summary>
    public string? Range { get; init; }

    public string? Kind { get; init; }

    /// <summary>All versions rather than the newest that the range has.</summary>
    public bool AllVersions { get; init; }
}
