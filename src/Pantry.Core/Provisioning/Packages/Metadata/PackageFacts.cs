namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>What one file says of a package; null where it says nothing.</summary>
/// <param name="Source">The file, for messages.</param>
internal sealed record PackageFacts(string Source)
{
    public string? Name { get; init; }

    public string? Version { get; init; }

    public string? Kind { get; init; }

    public string? Description { get; init; }

    public IReadOnlyList<PackageDependency>? Dependencies { get; init; }

    /// <summary>What these facts say, and what others say where these say nothing.</summary>
    public PackageFacts Over(PackageFacts other) => this with
    {
        Name = Name ?? other.Name,
        Version = Version ?? other.Version,
        Kind = Kind ?? other.Kind,
        Description = Description ?? other.Description,
        Dependencies = Dependencies ?? other.Dependencies,
    };
}
