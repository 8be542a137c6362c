using Semver;

namespace Pantry.Provisioning.Packages;

/// <summary>
/// Which versions of a package will do. Ranges are npm's (<c>^1.2</c>, <c>~1.2.3</c>, <c>1.x</c>, <c>&gt;=1.0 &lt;2.0</c>,
/// <c>||</c>); <c>~&gt;</c> is Chef's and a comma is "and", and this is the one place that knows either. A pre-release will do only
/// where the range names one of the same version.
/// </summary>
internal sealed class VersionRange : IEquatable<VersionRange>
{
    public const int MaxLength = 200;

    private readonly SemVersionRange _range;

    private VersionRange(string text, SemVersionRange range)
    {
        Text = text;
        _range = range;
    }

    /// <summary>Any released version.</summary>
    public static VersionRange Any { get; } = Parse("*");

    /// <summary>The range as it was written.</summary>
    public string Text { get; }

    /// <exception cref="PantryException">It is no range.</exception>
    public static VersionRange Parse(string text, RangeDialect dialect = RangeDialect.Npm) =>
        TryParse(text, dialect) ?? throw new PantryException(PantryErrorCode.InvalidArgument,
            $"'{DisplayText.Clean(text, 80)}' is no range of versions. Write it as 1.4.2, ^1.4, ~> 1.4, '>= 1.0.0 < 2.0.0' or *.")
        { Target = DisplayText.Clean(text, 80) };

    public static VersionRange? TryParse(string? text, RangeDialect dialect = RangeDialect.Npm)
    {
        if (text is null || text.Length > MaxLength)
            return null;
        string shown = text.Trim();
        return Translate(shown, dialect) is { } npm && SemVersionRange.TryParseNpm(npm, includeAllPrerelease: false, out SemVersionRange? range, MaxLength * 4)
            ? new VersionRange(shown.Length == 0 ? "*" : dialect == RangeDialect.Npm ? shown : npm, range)
            : null;
    }

    public bool Contains(SemVersion version) => _range.Contains(version);

    public bool Equals(VersionRange? other) => other is not null && other.Text == Text;

    public override bool Equals(object? obj) => Equals(obj as VersionRange);

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Text;

    // Each part between commas by itself; npm joins what must hold together by a space.
    private static string? Translate(string text, RangeDialect dialect)
    {
        if (text.Length == 0 || text.Equals("latest", StringComparison.OrdinalIgnoreCase))
            return "*";
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        for (int i = 0; i < parts.Length; i++)
        {
            if (parts[i].Length == 0 || parts[i].Contains("!=", StringComparison.Ordinal))
                return null;
            if (parts[i].StartsWith("~>", StringComparison.Ordinal))
            {
                if (Pessimistic(parts[i][2..].Trim()) is not { } bounds)
                    return null;
                parts[i] = bounds;
            }
            else if (dialect == RangeDialect.Chef)
            {
                if (Exact(parts[i]) is not { } whole)
                    return null;
                parts[i] = whole;
            }
        }

        return string.Join(' ', parts);
    }

    /// <summary>Ruby's <c>~&gt;</c>: the last number that is given may grow.</summary>
    private static string? Pessimistic(string version)
    {
        string[] numbers = version.Split('-')[0].Split('.');
        if (numbers.Length is 0 or > 3 || !numbers.All(number => number.Length is > 0 and < 10 && number.All(char.IsAsciiDigit)))
            return null;
        int grows = Math.Max(0, numbers.Length - 2);
        int[] next = [.. numbers.Take(grows + 1).Select(int.Parse)];
        next[grows]++;
        return $">={Whole(version)} <{Whole(string.Join('.', next))}-0";
    }

    // In Chef a version of two numbers has a third, which is 0; npm would take any.
    private static string? Exact(string part)
    {
        int start = part.AsSpan().IndexOfAnyInRange('0', '9');
        if (start < 0)
            return null;
        string comparison = part[..start].Trim();
        if (comparison is not ("" or "=" or ">" or "<" or ">=" or "<="))
            return null;
        return $"{(comparison.Length == 0 ? "=" : comparison)}{Whole(part[start..])}";
    }

    private static string Whole(string version)
    {
        string core = version.Split('-')[0];
        return core + string.Concat(Enumerable.Repeat(".0", Math.Max(0, 2 - core.Count(character => character == '.')))) + version[core.Length..];
    }
}

/// <summary>How a tool writes the ranges in its own files.</summary>
internal enum RangeDialect
{
    /// <summary>npm's, which is Puppet's too.</summary>
    Npm,

    /// <summary>Chef's: a bare version is that version alone.</summary>
    Chef,
}
