namespace Pantry.Provisioning.Packages;

/// <summary>One published version of a package: what it says of itself, and the digest of its files.</summary>
/// <param name="Declaration">What it says of itself.</param>
/// <param name="Digest">SHA-256 of the manifest of its files, in lower hexadecimal digits.</param>
internal sealed record PackageEdition(PackageDeclaration Declaration, string Digest)
{
    /// <summary>Whether both have the same files and say the same of them, under whatever name and version.</summary>
    public bool IsSameAs(PackageEdition other) =>
        Digest == other.Digest
        && Declaration.Kind == other.Declaration.Kind
        && Declaration.Description == other.Declaration.Description
        && Declaration.Dependencies.SequenceEqual(other.Declaration.Dependencies);

    public override string ToString() => Declaration.ToString();
}
