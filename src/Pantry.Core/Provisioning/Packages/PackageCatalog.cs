using System.Collections.Frozen;
using Pantry.Targeting;

namespace Pantry.Provisioning.Packages;

/// <summary>All published packages at one moment.</summary>
internal sealed class PackageCatalog
{
    private readonly FrozenDictionary<string, PackageEdition[]> _byName;

    public PackageCatalog(IEnumerable<PackageEdition> editions) => _byName = editions
        .GroupBy(edition => edition.Declaration.Name, Names.Comparer)
        .ToFrozenDictionary(group => group.Key, group => group.OrderByDescending(edition => edition.Declaration.Version, PackageVersions.Order).ToArray(), Names.Comparer);

    public static PackageCatalog Empty { get; } = new([]);

    public IEnumerable<string> PackageNames => _byName.Keys;

    /// <summary>The versions of a package, the newest first; none where it is not published.</summary>
    public IReadOnlyList<PackageEdition> Versions(string name) => _byName.TryGetValue(name, out PackageEdition[]? versions) ? versions : [];
}
