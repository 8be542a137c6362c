using Pantry.Provisioning.Packages;

namespace Pantry.Storage;

/// <summary>A published version of a package, as it is stored.</summary>
internal sealed record StoredPackage(PackageEdition Edition, int Files, long Size, DateTimeOffset PublishedAt, string PublishedBy)
{
    public PackageDeclaration Declaration => Edition.Declaration;
}
