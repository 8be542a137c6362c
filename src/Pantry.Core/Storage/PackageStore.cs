using Pantry.Provisioning.Packages;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>Published packages. A version is written once and never changed; of two that are published at once, one is there first.</summary>
internal sealed class PackageStore
{
    private readonly SqliteFile _file;
    private readonly Lock _changing = new();
    private volatile Snapshot _now;

    public PackageStore(SqliteFile file)
    {
        _file = file;
        _now = new Snapshot([.. file.Read("SELECT * FROM packages ORDER BY name, version", PackageRows.Read)]);
    }

    /// <summary>All packages, by name and then by version, the newest first.</summary>
    public IReadOnlyList<StoredPackage> All => _now.All;

    /// <summary>Digests of the files of all packages.</summary>
    public IEnumerable<string> Digests => _now.All.Select(package => package.Edition.Digest).Distinct();

    /// <summary>The same, for whoever chooses among them; another one after each change.</summary>
    public PackageCatalog Catalog => _now.Catalog;

    public StoredPackage? Find(string name, string version) =>
        PackageVersions.TryParse(version) is { } wanted ? _now.All.FirstOrDefault(package => Is(package, name, wanted.ToString())) : null;

    /// <summary>Adds a version; the same one again, with the same content, is no error.</summary>
    /// <returns>What is stored: what was there before, where there was something.</returns>
    /// <exception cref="PantryException">The version is there with other content (PackageExists), or the disk failed.</exception>
    public StoredPackage Add(StoredPackage package)
    {
        lock (_changing)
        {
            if (Existing(package.Edition) is { } there)
                return there;
            _file.Write(connection => PackageRows.Add(connection, package));
            _now = new Snapshot([.. _now.All, package]);
            return package;
        }
    }

    /// <summary>What is there already of a version that is to be added; null where it is new.</summary>
    /// <exception cref="PantryException">It is there with other content (PackageExists).</exception>
    public StoredPackage? Existing(PackageEdition edition)
    {
        if (Find(edition.Declaration.Name, edition.Declaration.Version.ToString()) is not { } there)
            return null;
        if (there.Edition.IsSameAs(edition))
            return there;
        string what = there.Edition.Digest == edition.Digest
            ? "the same files, but another kind, description or dependencies"
            : $"other files ({Short(there.Edition.Digest)}, and these are {Short(edition.Digest)})";
        throw new PantryException(PantryErrorCode.PackageExists,
            $"{there.Edition} was published by '{there.PublishedBy}' at {there.PublishedAt:u} with {what}. A version never changes once it is published: give this one a new version.")
        { Target = there.Edition.ToString() };
    }

    /// <summary>Takes a version away; nothing happens where there is none.</summary>
    public void Remove(StoredPackage package)
    {
        lock (_changing)
        {
            string version = package.Declaration.Version.ToString();
            _file.Write(connection => connection.Run("DELETE FROM packages WHERE name = $name AND version = $version", ("$name", package.Declaration.Name), ("$version", version)));
            _now = new Snapshot([.. _now.All.Where(other => !Is(other, package.Declaration.Name, version))]);
        }
    }

    private static bool Is(StoredPackage package, string name, string version) =>
        Names.Same(package.Declaration.Name, name) && package.Declaration.Version.ToString() == version;

    private static string Short(string digest) => digest[..12];

    private sealed class Snapshot(IEnumerable<StoredPackage> packages)
    {
        public IReadOnlyList<StoredPackage> All { get; } =
        [
            .. packages.OrderBy(package => package.Declaration.Name, Names.Comparer).ThenByDescending(package => package.Declaration.Version, PackageVersions.Order),
        ];

        public PackageCatalog Catalog => field ??= new PackageCatalog(All.Select(package => package.Edition));
    }
}
