using Pantry.Targeting;
using Semver;

namespace Pantry.Provisioning.Packages;

/// <summary>What a package says of itself; every name, version and range in it is good.</summary>
internal sealed record PackageDeclaration(string Name, SemVersion Version, string Kind, string? Description, IReadOnlyList<PackageNeed> Dependencies)
{
    public const int MaxDependencies = 256;
    public const int MaxDescription = 1024;

    /// <summary>A package that is to be published.</summary>
    /// <exception cref="PantryException">Something in it is not as it must be; the message names it.</exception>
    public static PackageDeclaration Create(string? name, string? version, string? kind, string? description, IReadOnlyList<PackageDependency> dependencies)
    {
        PackageName.Require(name);
        foreach (PackageDependency dependency in dependencies)
            PackageName.Require(dependency.Name, $"name of a package that '{name}' depends on");
        return Stored(name, version, kind, description, dependencies);
    }

    /// <summary>One that was published; maybe by another Pantry, which took names that are refused now.</summary>
    /// <exception cref="PantryException">Something in it is not as it must be; the message names it.</exception>
    public static PackageDeclaration Stored(string? name, string? version, string? kind, string? description, IReadOnlyList<PackageDependency> dependencies)
    {
        string known = Names.RequireIdentity(name, "name of a package");
        if (dependencies.Count > MaxDependencies)
            throw Invalid(known, $"has {dependencies.Count} dependencies, and {MaxDependencies} is the most");
        if (dependencies.GroupBy(dependency => dependency.Name, Names.Comparer).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw Invalid(known, $"names the dependency '{DisplayText.Clean(twice.Key, 80)}' twice");
        return new PackageDeclaration(
            known,
            PackageVersions.Require(version, $"the package '{known}'"),
            (Names.RequireSegment(kind, "kind of a package") ?? throw Invalid(known, "says no kind. Give one with -Kind, such as script")).ToLowerInvariant(),
            string.IsNullOrWhiteSpace(description) ? null : DisplayText.Clean(description.Trim(), MaxDescription),
            [.. dependencies.Select(dependency => PackageNeed.Of(dependency, known))]);
    }

    /// <summary>Name and version, as users see them.</summary>
    public override string ToString() => $"{Name} {Version}";

    private static PantryException Invalid(string name, string what) => new(PantryErrorCode.InvalidArgument, $"The package '{name}' {what}.") { Target = name };
}

/// <summary>A package that another one needs, or that an application has.</summary>
internal sealed record PackageNeed(string Name, VersionRange Range)
{
    public static PackageNeed Of(PackageDependency dependency, string package)
    {
        string name = Names.RequireIdentity(dependency.Name, $"name of a package that '{package}' depends on");
        if (Names.Same(name, package))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The package '{package}' depends on itself.") { Target = package };
        return new PackageNeed(name, VersionRange.TryParse(dependency.Range)
            ?? throw new PantryException(PantryErrorCode.InvalidArgument, $"The package '{package}' depends on '{name}' in the versions '{DisplayText.Clean(dependency.Range, 80)}', which is no range. Write it as ^1.4, ~> 1.4 or '>= 1.0.0 < 2.0.0'.") { Target = package });
    }
}
