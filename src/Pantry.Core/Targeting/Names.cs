namespace Pantry.Targeting;

/// <summary>The rules for names, and their one comparison: ASCII, case-insensitive, by whole segment.</summary>
internal static class Names
{
    public const int MaxSegmentLength = 63;
    public const int MaxNameLength = 255;

    public static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    public static bool Same(string? left, string? right) => string.Equals(left, right, StringComparison.OrdinalIgnoreCase);

    /// <summary>A dot path of segments: identities and streams.</summary>
    public static bool IsPath(string? name) =>
        !string.IsNullOrEmpty(name) && name.Length <= MaxNameLength && name.Split('.').All(IsSegment);

    /// <summary>One segment: applications, environments and roles.</summary>
    public static bool IsSegment(string? name) =>
        !string.IsNullOrEmpty(name) && name.Length <= MaxSegmentLength
        && char.IsAsciiLetterOrDigit(name[0])
        && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');

    public static string RequireIdentity(string? name, string what = "identity") => IsPath(name)
        ? name!
        : throw Invalid(what, name, "Use letters, digits, '-' and '_' in segments joined by dots, each of at most "
            + $"{MaxSegmentLength} characters and beginning with a letter or digit, {MaxNameLength} in all; for example 'app.host01'.");

    public static string RequireStream(string? name) => RequireIdentity(name, "stream");

    public static string? RequireSegment(string? name, string what) => string.IsNullOrEmpty(name) ? null : IsSegment(name)
        ? name
        : throw Invalid(what, name, $"Use letters, digits, '-' and '_', at most {MaxSegmentLength} characters, "
            + "beginning with a letter or digit, and no dot.");

    private static PantryException Invalid(string what, string? name, string cure) =>
        new(PantryErrorCode.InvalidName, $"'{DisplayText.Clean(name, 80)}' is no valid {what}. {cure}") { Target = name };
}
