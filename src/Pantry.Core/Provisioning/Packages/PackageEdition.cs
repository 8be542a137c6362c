namespace Pantry.Provisioning.Packages;

/// <summary>One published version of a package: what it says of itself, and the digest of its files.</summary>
/// <param name="Declaration">What it says of itself.</param>
/// <param name="Digest">SHA-256 of the manifest of its files, in lower hexadecimal digits.</param>
internal sealed record PackageEdition(PackageDeclaration Declaration, string Digest)
{
    public override string ToString() => Declaration.ToString();
}
