using System.Collections;

namespace Pantry.Configuration.Settings;

/// <summary>
/// Environment variables that say what a file could say: PANTRY_ and the key in capitals, with two underscores between
/// section and name. Elements of a list are separated by commas, and so are entries NAME=VALUE of a mapping.
/// </summary>
internal static class SettingVariables
{
    public const string Prefix = "PANTRY_";

    /// <summary>The variables of this process.</summary>
    public static IReadOnlyDictionary<string, string> OfProcess() => Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
        .Where(entry => ((string)entry.Key).StartsWith(Prefix, StringComparison.Ordinal))
        .ToDictionary(entry => (string)entry.Key, entry => (string?)entry.Value ?? "", StringComparer.Ordinal);

    /// <summary>A text as the value that a key of its shape would have in a file.</summary>
    public static RawValue Parse(string text, SettingShape shape) => shape switch
    {
        SettingShape.List => new RawValue.Sequence([.. Split(text).Select(RawValue.OfText)]),
        SettingShape.Map => new RawValue.Mapping([.. Split(text).Select(Entry)]),
        _ => RawValue.OfText(text),
    };

    /// <summary>Variables that look as if they were meant for a key, of a section that there is, and are for none.</summary>
    public static IEnumerable<(string Variable, string Section, string Name)> Strays<TSettings>(SettingsSchema<TSettings> schema, IReadOnlyDictionary<string, string> environment)
    {
        // Pantry gives commands and tools variables of its own; those have no section.
        var known = schema.Keys.Select(key => key.Variable).ToHashSet(StringComparer.Ordinal);
        foreach (string variable in environment.Keys.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && !known.Contains(name)).Order(StringComparer.Ordinal))
        {
            string path = variable[Prefix.Length..].Replace("__", ".", StringComparison.Ordinal).ToLowerInvariant();
            int dot = path.LastIndexOf('.');
            if (dot > 0 && schema.IsSection(path[..dot]))
                yield return (variable, path[..dot], path[(dot + 1)..]);
        }
    }

    private static string[] Split(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static (RawValue Key, RawValue Value) Entry(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (RawValue.OfText(text), RawValue.OfText("")) : (RawValue.OfText(text[..equals].Trim()), RawValue.OfText(text[(equals + 1)..].Trim()));
    }
}
