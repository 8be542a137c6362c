using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Provisioning.Packages;
using Pantry.Security;
using Pantry.Server.Files;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>Packages are published, listed, read and removed here. What is decided is audited, and stored after that.</summary>
internal sealed class PackageDesk(
    PackageStore packages, FileVault files, PackageUse use, PlanPins pins, ProvisioningRights rights, ServerAudit audit, PantryOptions options, TimeProvider time)
{
    private const string Published = "PackagePublished", Read = "PackageRead", Removed = "PackageRemoved";
    private const int MostNamed = 8;

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
            yield return ToInfo(package, users, by);
        }
    }

    /// <summary>Publishes a version; null where some of its files are missing here.</summary>
    public async Task<PackageInfo?> PublishAsync(PublishPackage request, OperatorEntry by, string? from)
    {
        var declaration = PackageDeclaration.Create(request.Name, request.Version, request.Kind, request.Description, request.Dependencies);
        rights.RequirePublish(by, from, Published, declaration.Name);
        if (!ContentHash.TryParse(request.Digest, out ContentHash digest))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"'{DisplayText.Clean(request.Digest, 80)}' is no digest of a package's files.");
        var edition = new PackageEdition(declaration, request.Digest);
        // Before anybody brings files for nothing.
        StoredPackage? stored = packages.Existing(edition);
        // What is here is marked as wanted, so that it stays until the package names it.
        if (TryReadTree(digest) is not { } tree || files.Store.Claim(tree.Chunks()).Count > 0)
            return null;
        // What may be done with a package is each machine's own affair; and the same files are the same package wherever they come from.
        if (tree.HasAcls)
            throw new PantryException(PantryErrorCode.InvalidTree, $"{edition} has access lists of Windows, which no package keeps. Publish it with Publish-PantryPackage.") { Target = edition.ToString() };
        if (stored is null)
        {
            RequireRoom();
            var package = new StoredPackage(edition, tree.Files.Count(), tree.Size, time.GetUtcNow(), by.Name);
            var decision = new AuditedDecision(Published, edition.ToString(), new AuditedPackage(request.Digest, declaration.Kind));
            stored = await audit.DecidedAsync(by, from, [decision], () => packages.Add(package)).ConfigureAwait(false);
        }

        return ToInfo(stored, use.ByName(), by);
    }

    /// <summary>Takes a version away; its content goes when nothing else has it.</summary>
    public Task<PackageInfo> RemoveAsync(RemovePackage request, OperatorEntry by, string? from)
    {
        rights.RequirePublish(by, from, Removed, request.Name);
        StoredPackage package = Find(request.Name, request.Version);
        if (use.UsersOf(package.Edition) is { Count: > 0 } users)
        {
            string who = Named(users, by);
            if (!request.Force)
                throw new PantryException(PantryErrorCode.PackageInUse, $"{package.Edition} is used by {who}. Change what they name first, or give -Force.") { Target = package.Edition.ToString() };
            rights.RequireAdministrator(by, from, Removed, request.Name, $"a package that is used by {who}");
        }

        if (pins.UserOf(package.Edition) is { } job)
        {
            if (!request.Force)
                throw new PantryException(PantryErrorCode.PackageInUse, $"{package.Edition} is being applied by the job {job}, which has not ended. Wait for it, or cancel it with Stop-PantryJob {job}; or give -Force, and the job still gets its files.") { Target = package.Edition.ToString() };
            rights.RequireAdministrator(by, from, Removed, request.Name, $"a package that the job {job} applies");
        }

        PackageInfo info = ToInfo(package, use.ByName(), by);
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
        try
        {
            return files.Store.LengthOf(digest) is { } length && files.Store.Claim([new Chunk(digest, (int)length)]).Count == 0 ? files.Tree(digest) : null;
        }
        catch (PantryException damaged) when (damaged.Code is PantryErrorCode.ContentDamaged or PantryErrorCode.NoMatchingFile)
        {
            return null;
        }
    }

    private void RequireRoom()
    {
        if (packages.All.Count >= options.Provisioning.MaxPackages)
            throw new PantryException(PantryErrorCode.LimitReached, $"There are {packages.All.Count:N0} versions of packages, which is the server's limit. Remove some with Remove-PantryPackage.");
    }

    // Whose applications others are is nobody else's business.
    private static string Named(IReadOnlyList<string> users, OperatorEntry by)
    {
        string[] seen = [.. users.Where(user => ProvisioningRights.MayRead(by, user))];
        int hidden = users.Count - seen.Length;
        if (seen.Length == 0)
            return $"{(hidden == 1 ? "an application" : $"{hidden:N0} applications")} that you may not see";
        string named = $"the application{(seen.Length == 1 ? "" : "s")} {string.Join(", ", seen.Take(MostNamed).Select(user => $"'{user}'"))}{(seen.Length > MostNamed ? $" and {seen.Length - MostNamed:N0} more" : "")}";
        return hidden == 0 ? named : $"{named} and {hidden:N0} more that you may not see";
    }

    private static PackageInfo ToInfo(StoredPackage package, IReadOnlyDictionary<string, IReadOnlyList<string>> users, OperatorEntry by)
    {
        IReadOnlyList<string> all = users.GetValueOrDefault(package.Declaration.Name) ?? [];
        string[] seen = [.. all.Where(user => ProvisioningRights.MayRead(by, user))];
        return ToInfo(package) with { UsedBy = seen, UsedByOthers = all.Count - seen.Length };
    }

    private static PackageInfo ToInfo(StoredPackage package) => new()
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
    };
}
