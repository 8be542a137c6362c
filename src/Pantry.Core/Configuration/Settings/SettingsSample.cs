using System.Globalization;
using System.Text;

namespace Pantry.Configuration.Settings;

/// <summary>The commented file with every key of a kind, and the table of the documents; both are written from the schema.</summary>
internal static class SettingsSample
{
    /// <summary>A file in which every key is commented out: whoever takes away a # before a key keeps a valid file.</summary>
    public static string Write(ConfigurationKind kind) =>
        kind == ConfigurationKind.Operator ? Write(OperatorSchema.Instance, kind) : Write(HostSchema.Instance, kind);

    /// <summary>A table of all keys, in Markdown.</summary>
    public static string Table(bool ofOperators) => ofOperators ? Table(OperatorSchema.Instance, showsKind: false) : Table(HostSchema.Instance, showsKind: true);

    private static string Write<TSettings>(SettingsSchema<TSettings> schema, ConfigurationKind kind)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"# Configuration of a Pantry {kind.ToString().ToLowerInvariant()}. {Where(kind)}\n");
        text.Append("# Every key stands here with its default, or with an example where the default is none. Take away the # before a key to change it.\n");
        text.Append(CultureInfo.InvariantCulture, $"# An environment variable comes before this file, such as {schema.For(kind).Last().Variable}; a parameter comes before both.\n");
        string section = "";
        foreach (SettingKey<TSettings> key in schema.For(kind).GroupBy(key => key.Section).SelectMany(keys => keys))
        {
            text.Append('\n');
            if (key.Section != section)
            {
                section = key.Section;
                text.Append(CultureInfo.InvariantCulture, $"{section}:\n");
            }

            string indent = section.Length > 0 ? "  " : "";
            string words = key.DefaultWords is null ? "" : $" Default: {key.DefaultWords}.";
            text.Append(CultureInfo.InvariantCulture, $"{indent}# {key.Why}{words}\n");
            text.Append(CultureInfo.InvariantCulture, $"{indent}#{key.Name}: {key.Example ?? key.Write(schema.Defaults)}\n");
        }

        return text.ToString();
    }

    private static string Table<TSettings>(SettingsSchema<TSettings> schema, bool showsKind)
    {
        var text = new StringBuilder();
        text.Append(showsKind ? "| key | value | default | for | new value counts | what |\n|---|---|---|---|---|---|\n" : "| key | value | default | what |\n|---|---|---|---|\n");
        foreach (SettingKey<TSettings> key in schema.Keys)
        {
            string value = key.Choices.Count > 0 && key.Shape == SettingShape.Single ? string.Join(", ", key.Choices) : key.TypeName;
            string kinds = key.For.Count > 1 ? "both" : key.For[0].ToString().ToLowerInvariant();
            text.Append(CultureInfo.InvariantCulture, $"| `{key.Path}` | {value} | {key.DefaultWords ?? $"`{key.Write(schema.Defaults)}`"} |");
            if (showsKind)
                text.Append(CultureInfo.InvariantCulture, $" {kinds} | {(key.ChangesLive ? "at once" : "at the next start")} |");
            text.Append(CultureInfo.InvariantCulture, $" {key.Why} |\n");
        }

        return text.ToString();
    }

    private static string Where(ConfigurationKind kind) => kind switch
    {
        ConfigurationKind.Server => "Linux: /etc/pantry/server.yaml; Windows: %ProgramData%\\Pantry\\server.yaml.",
        ConfigurationKind.Client => "Linux: /etc/pantry/client.yaml; Windows: %ProgramData%\\Pantry\\client.yaml.",
        _ => "Linux: ~/.config/pantry/operator.yaml; Windows: %APPDATA%\\Pantry\\operator.yaml.",
    };
}
