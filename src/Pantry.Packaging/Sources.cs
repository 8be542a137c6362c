using System.Globalization;
using System.Text.RegularExpressions;

namespace Pantry.Packaging;

/// <summary>What packages are made from, and the one moment that all their entries bear.</summary>
internal sealed partial record Sources(string Root, string Version, DateTimeOffset Moment)
{
    // The oldest that a zip can say.
    private const long Oldest = 315_532_800;

    /// <summary>Where packages are built, below the sources so that no path of it is in them; gone after each run.</summary>
    public string Work => PathOf("out/work");

    public string PathOf(string relative) => Path.Combine(Root, relative);

    public string Text(string relative) => File.ReadAllText(PathOf(relative)).ReplaceLineEndings("\n");

    /// <summary>The directory above this program that has the module's manifest.</summary>
    public static string Find()
    {
        for (string? at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "Pantry.psd1")))
                return at;
        }

        throw new PackagingException("No directory above this program has a Pantry.psd1. Run it within Pantry's sources.");
    }

    public static async Task<Sources> ReadAsync()
    {
        string root = Find();
        Match version = VersionLine().Match(await File.ReadAllTextAsync(Path.Combine(root, "Pantry.psd1")));
        if (!version.Success)
            throw new PackagingException("Pantry.psd1 has no ModuleVersion.");
        return new Sources(root, version.Groups[1].Value, DateTimeOffset.FromUnixTimeSeconds(Math.Max(Oldest, await MomentAsync(root))));
    }

    // https://reproducible-builds.org/specs/source-date-epoch
    private static async Task<long> MomentAsync(string root)
    {
        string text = Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH") is { Length: > 0 } given
            ? given
            : await Tool.TryReadAsync("git", "-C", root, "log", "-1", "--format=%ct") ?? "0";
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            ? seconds
            : throw new PackagingException($"SOURCE_DATE_EPOCH is '{text}'; it must be seconds since 1970.");
    }

    [GeneratedRegex(@"ModuleVersion\s*=\s*'([0-9.]+)'")]
    private static partial Regex VersionLine();
}
