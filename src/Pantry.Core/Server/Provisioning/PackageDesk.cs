using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Provisioning.Packages;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>Packages are published, listed, read and removed here. What is decided is audited, and stored after that.</summary>
internal sealed class PackageDesk(
    PackageStore packages, ChunkStore content, PackageUse use, ProvisioningRights rights, ServerAudit audit, PantryOptions options, TimeProvider time)
{
    private const string Published = "PackagePublished", Read = "PackageRead", Removed = "PackageRemoved";

    /// <summary>Packages that match, by name, the newest version first.</summary>
    public IEnumerable<PackageInfo> List(PackageFilter filter, OperatorEntry by, string? from)
    {
        rights.RequirePackages(by, from, Read);
        NamePattern[] names = [.. filter.Names.Select(name => new NamePattern(name))];
        NamePattern? kind = NamePattern.Of(filter.Kind);
        VersionRange? range = filter.Range is null ? null : VersionRange.Parse(filter.Range);
        IReadOnlyDictionary<string, IReadOnlyList<string>> users = use.ByName();
        string? before = null;
        foreach (StoredPackage package in packages.All)
        {
            string name = package.Declaration.Name;
            bool fits = (names.Length == 0 || names.Any(pattern => pattern.Matches(name)))
                && NamePattern.Fits(kind, package.Declaration.Kind)
                && (range is null || range.Contains(package.Declaration.Version));
            if (!fits || (!filter.AllVersions && Names.Same(before, name)))
                continue;
            before = name;
            yield return ToInfo(package, users);
        }
    }

    /// <summary>Publishes a version, or says which content of its files is missing here.</summary>
    /// <returns>The answer, and the chunks that are missing, of which there may be more.</returns>
    public async Task<(PackagePublished Answer, byte[] Missing)> PublishAsync(PublishPackage request, OperatorEntry by, string? from)
    {
        var declaration = PackageDeclaration.Create(request.Name, request.Version, request.Kind, request.Description, request.Dependencies);
        rights.RequirePublish(by, from, Published, declaration.Name);
        if (!ContentHash.TryParse(request.Digest, out ContentHash digest))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"'{DisplayText.Clean(request.Digest, 80)}' is no digest of a package's files.");
        if (TryReadTree(digest) is not { } tree)
            return (new PackagePublished(null, LacksManifest: true), []);

        // What is here is marked as wanted, so that it stays until the package names it.
        IReadOnlyList<Chunk> missing = content.Claim(tree.Chunks());
        if (missing.Count > 0)
            return (new PackagePublished(null, LacksManifest: false), TreeDocument.Write([.. missing.Take(options.Provisioning.MissingChunks)]));

        var package = new StoredPackage(new PackageEdition(declaration, request.Digest), tree.Files.Count(), tree.Size, time.GetUtcNow(), by.Name);
        if (packages.Existing(package) is not { } stored)
        {
            RequireRoom();
            var decision = new AuditedDecision(Published, package.Edition.ToString(), new AuditedPackage(request.Digest, declaration.Kind));
            stored = await audit.DecidedAsync(by, from, [decision], () => packages.Add(package)).ConfigureAwait(false);
        }

        return (new PackagePublished(ToInfo(stored, use.ByName()), LacksManifest: false), []);
    }

    /// <summary>Takes content that a package is to have.</summary>
    /// <exception cref="PantryException">It is larger than content can be, or the disk is full or failed.</exception>
    public int Put(IReadOnlyList<byte[]> bodies, OperatorEntry by, string? from)
    {
        rights.RequirePublishAny(by, from, Published);
        using ChunkBatch batch = content.Begin();
        foreach (byte[] body in bodies.Where(body => body.Length > 0))
            batch.Add(ContentHash.Of(body), body);
        batch.Complete();
        return bodies.Count;
    }

    /// <summary>A package and the manifest of its files.</summary>
    public (PackageInfo Package, byte[] Manifest) Open(OpenPackage request, OperatorEntry by, string? from)
    {
        rights.RequirePackages(by, from, Read);
        StoredPackage package = Find(request.Name, request.Version);
        return (ToInfo(package, use.ByName()), TreeOf(package).Bytes);
    }

    /// <summary>Some of a package's chunks.</summary>
    public IReadOnlyList<byte[]> ReadContent(ReadContent request, OperatorEntry by, string? from)
    {
        rights.RequirePackages(by, from, Read);
        Dictionary<string, Chunk> chunks = TreeOf(Find(request.Name, request.Version)).Chunks().ToDictionary(chunk => chunk.Hash.ToString());
        return
        [
            .. request.Hashes.Take(options.Wire.MaxFrames - 2).Select(hash => chunks.TryGetValue(hash, out Chunk chunk)
                ? content.Read(chunk.Hash, Chunker.MaxBytes)
                : throw new PantryException(PantryErrorCode.NoMatchingFile, $"No file of {request.Name} {request.Version} has the content '{DisplayText.Clean(hash, 80)}'.")),
        ];
    }

    /// <summary>Takes a version away; its content goes when nothing else has it.</summary>
    public Task<PackageInfo> RemoveAsync(RemovePackage request, OperatorEntry by, string? from)
    {
        rights.RequirePublish(by, from, Removed, request.Name);
        StoredPackage package = Find(request.Name, request.Version);
        if (use.UsersOf(package.Edition) is { Count: > 0 } users)
        {
            string who = $"the application{(users.Count == 1 ? "" : "s")} {string.Join(", ", users.Take(8).Select(user => $"'{user}'"))}{(users.Count > 8 ? $" and {users.Count - 8} more" : "")}";
            if (!request.Force)
                throw new PantryException(PantryErrorCode.PackageInUse, $"{package.Edition} is used by {who}. Change what they name first, or give -Force.") { Target = package.Edition.ToString() };
            rights.RequireAdministrator(by, from, Removed, request.Name, $"a package that is used by {who}");
        }

        PackageInfo info = ToInfo(package, use.ByName());
        return audit.DecidedAsync(by, from, [new AuditedDecision(Removed, package.Edition.ToString(), new AuditedPackage(package.Edition.Digest, package.Declaration.Kind))], () =>
        {
            packages.Remove(package);
            return info;
        });
    }

    private StoredPackage Find(string name, string version) => packages.Find(name, version) ?? throw new PantryException(PantryErrorCode.NoMatchingPackage,
        packages.Catalog.Versions(name) is { Count: > 0 } versions
            ? $"The package '{versions[0].Declaration.Name}' is not there in the version '{DisplayText.Clean(version, 80)}'. Get-PantryPackage {versions[0].Declaration.Name} -AllVersions lists those there are."
            : $"There is no package '{DisplayText.Clean(name, 80)}'. {(NearestName.Of(name, packages.Catalog.PackageNames) is { } nearest ? $"Did you mean '{nearest}'?" : "Get-PantryPackage lists those there are.")}")
    { Target = DisplayText.Clean(name, 80) };

    // One that is damaged was put aside, and can come anew.
    private FileTree? TryReadTree(ContentHash digest)
    {
        if (content.LengthOf(digest) is not { } length || length > options.Files.MaxManifestBytes || content.Claim([new Chunk(digest, (int)length)]).Count > 0)
            return null;
        try
        {
            return FileTree.Parse(content.Read(digest, options.Files.MaxManifestBytes), options.Files);
        }
        catch (PantryException damaged) when (damaged.Code is PantryErrorCode.ContentDamaged or PantryErrorCode.NoMatchingFile)
        {
            return null;
        }
    }

    private FileTree TreeOf(StoredPackage package)
    {
        _ = ContentHash.TryParse(package.Edition.Digest, out ContentHash digest);
        return FileTree.Parse(content.Read(digest, options.Files.MaxManifestBytes), options.Files);
    }

    private void RequireRoom()
    {
        if (packages.All.Count >= options.Provisioning.MaxPackages)
            throw new PantryException(PantryErrorCode.LimitReached, $"There are {packages.All.Count:N0} versions of packages, which is the server's limit. Remove some with Remove-PantryPackage.");
    }

    private static PackageInfo ToInfo(StoredPackage package, IReadOnlyDictionary<string, IReadOnlyList<string>> users) => new()
    {
        Name = package.Declaration.Name,
        Version = package.Declaration.Version.ToString(),
        Kind = package.Declaration.Kind,
        Description = package.Declaration.Description,
        Dependencies = [.. package.Declaration.Dependencies.Select(need => new PackageDependency(need.Name, need.Range.Text))],
        Digest = package.Edition.Digest,
        Files = package.Files,
        Size = package.Size,
        PublishedAt = package.PublishedAt,
        PublishedBy = package.PublishedBy,
        UsedBy = users.GetValueOrDefault(package.Declaration.Name) ?? [],
    };
}
