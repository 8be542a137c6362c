using Pantry.Provisioning.Packages;

namespace Pantry.Storage;

/// <summary>A published version of a package, as it is stored.</summary>
internal sealed record StoredPackage(PackageEdition Edition, int Files, long Size, DateTimeOffset PublishedAt, string PublishedBy)
{
    public PackageDeclaration Declaration => Edition.Declaration;

    /// <summary>Whether both say the same, whoever published them.</summary>
    public bool SaysTheSame(StoredPackage other) =>
        Edition.Digest == other.Edition.Digest
        && Declaration.Kind == other.Declaration.Kind
        && Declaration.Description == other.Declaration.Description
        && Declaration.Dependencies.SequenceEqual(other.Declaration.Dependencies);
}
