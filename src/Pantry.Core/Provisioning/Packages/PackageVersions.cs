using Semver;

namespace Pantry.Provisioning.Packages;

/// <summary>Versions of packages: Semantic Versioning 2.0.0, without build metadata, which would make two versions of one rank.</summary>
internal static class PackageVersions
{
    public const int MaxLength = 64;

    /// <summary>The version; two numbers get a third, as tools that write two mean it.</summary>
    /// <exception cref="PantryException">It is no version.</exception>
    public static SemVersion Require(string? text, string of) =>
        TryParse(text) ?? throw new PantryException(PantryErrorCode.InvalidArgument,
            $"'{DisplayText.Clean(text, 80)}' is no version of {of}. Write it as major.minor.patch, such as 1.4.2 or 2.0.0-rc.1, without '+' and what follows it.")
        { Target = DisplayText.Clean(text, 80) };

    public static SemVersion? TryParse(string? text) =>
        text is { Length: > 0 and <= MaxLength } && SemVersion.TryParse(text, SemVersionStyles.OptionalPatch, out SemVersion? version, MaxLength) && version.Metadata.Length == 0
            ? version
            : null;

    /// <summary>The oldest first.</summary>
    public static IComparer<SemVersion> Order => SemVersion.PrecedenceComparer;
}
