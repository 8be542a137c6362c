using System.Globalization;
using System.Text.RegularExpressions;
using Pantry.Commands;
using Pantry.Configuration;

namespace Pantry.Provisioning.Provisioners.Definitions;

/// <summary>Reads a file that adds a provisioner; every error names file, line and column.</summary>
internal static partial class DefinitionFile
{
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);

    /// <exception cref="PantryException">The file has an error.</exception>
    public static ProvisionerDefinition Load(string path)
    {
        YamlSection root = YamlDocumentFile.Load(path);
        string name = root.Checked("name", text => KindName().IsMatch(text) ? text : throw Invalid("must be lower-case letters, digits and '-', such as 'opentofu'"))
            ?? throw root.Error("name", "is missing: it is the kind of packages that are applied");
        IReadOnlyList<string> programs = root.CheckedList("programs", Program) ?? throw root.Error("programs", "is missing: the names of the program, or full paths");
        YamlSection version = root.Section("version");
        var tool = new ToolChoice(name, programs, version.List("arguments") ?? []) with { VersionPattern = version.Checked("pattern", text => Pattern(text).ToString()) ?? @"\d+(?:\.\d+)+[-.+\w]*" };
        version.RefuseUnknown();
        SecretsWay secrets = root.Checked("secrets", text => Enum.TryParse(text, ignoreCase: true, out SecretsWay way) && !char.IsAsciiDigit(text[0]) ? way.ToString() : throw Invalid("must be environment, file or none")) is { } named
            ? Enum.Parse<SecretsWay>(named) : SecretsWay.None;
        string install = root.Text("install") ?? $"Install {programs[0]}.";
        _ = root.Text("description");
        if (!root.Has("apply"))
            throw root.Error("apply", "is missing: what is run to apply a package");
        DefinedCommand apply = Command(root.Section("apply"), secrets);
        DefinedCommand? dryRun = root.Has("dry_run") ? Command(root.Section("dry_run"), secrets) : null;
        root.RefuseUnknown();
        return new ProvisionerDefinition(name, tool, install, apply, dryRun, secrets);
    }

    private static DefinedCommand Command(YamlSection section, SecretsWay secrets)
    {
        string Text(string text, bool variable = false) => secrets != SecretsWay.File && text.Contains("{secrets}", StringComparison.Ordinal)
            ? throw Invalid("has the placeholder '{secrets}', which there is with 'secrets: file' alone")
            : Placeholders.Check(text, variable && secrets == SecretsWay.Environment);
        IReadOnlyList<string> arguments = section.CheckedList("arguments", text => Text(text)) ?? [];
        IReadOnlyDictionary<string, string> environment = section.CheckedMap("environment", (name, text) => SecretVariables.RequireName(name) is not null ? Text(text, variable: true) : text);
        YamlSection codes = section.Section("exit_codes");
        bool given = codes.Has("changed") || codes.Has("unchanged");
        // As a script's: who does not say that nothing changed may have changed something.
        var command = new DefinedCommand(
            arguments, environment, codes.CheckedList("changed", Code) ?? (given ? [] : [0]), codes.CheckedList("unchanged", Code) ?? [], section.Has("report") ? Report(section.Section("report")) : null);
        codes.RefuseUnknown();
        section.RefuseUnknown();
        return command;
    }

    private static DefinedReport Report(YamlSection section)
    {
        string format = section.Text("format") ?? throw section.Error("format", "is missing: json, json_lines or lines");
        bool lines = format == "lines";
        if (!lines && format is not ("json" or "json_lines"))
            throw section.Error("format", "must be json, json_lines or lines");
        string from = section.Text("from") ?? "output";
        if (from is not ("output" or "file"))
            throw section.Error("from", "must be output or file");
        Regex? pattern = section.Checked("pattern", text => Pattern(text).ToString()) is { } text ? Pattern(text) : null;
        if (lines && pattern?.GetGroupNames().Contains("name") != true)
            throw section.Error("pattern", "must be a pattern with a group 'name', such as '^(?<name>\\S+): (?<status>\\w+)'");
        var report = new DefinedReport
        {
            FromFile = from == "file",
            Format = lines ? ReportFormat.Lines : format == "json" ? ReportFormat.Json : ReportFormat.JsonLines,
            Pattern = pattern,
            Resources = Path(section, "resources") ?? new JsonPath([]),
            Where = section.Map("where"),
            Name = Path(section, "name"),
            Type = Path(section, "type"),
            Status = Path(section, "status"),
            Message = Path(section, "message"),
            Seconds = Path(section, "seconds"),
            Words = Words(section.Section("statuses")),
        };
        if (!lines && report.Name is null)
            throw section.Error("name", "is missing: where the name of a resource is");
        section.RefuseUnknown();
        return report;
    }

    private static Dictionary<string, ResourceStatus> Words(YamlSection section)
    {
        var words = new Dictionary<string, ResourceStatus>(StringComparer.Ordinal);
        foreach (ResourceStatus status in (ReadOnlySpan<ResourceStatus>)[ResourceStatus.Changed, ResourceStatus.Unchanged, ResourceStatus.Failed, ResourceStatus.Skipped])
        {
            string key = status.ToString().ToLowerInvariant();
            foreach (string word in section.CheckedList(key, word => word) ?? [])
            {
                if (!words.TryAdd(word.ToLowerInvariant(), status))
                    throw section.Error(key, $"has '{word}', which another status has too");
            }
        }

        section.RefuseUnknown();
        return words;
    }

    private static JsonPath? Path(YamlSection section, string key) => section.Checked(key, text => JsonPath.Parse(text) is not null ? text : null) is { } text ? JsonPath.Parse(text) : null;

    // It is matched against what a tool writes, which may be made to keep it busy: without backtracking it takes a time that the text's length bounds.
    private static Regex Pattern(string text)
    {
        try
        {
            return new Regex(text, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, PatternTimeout);
        }
        catch (Exception exception) when (exception is ArgumentException or NotSupportedException)
        {
            throw Invalid($"is no pattern: {exception.Message}");
        }
    }

    private static string Program(string text) =>
        System.IO.Path.IsPathFullyQualified(text) || (text.Length > 0 && !text.AsSpan().ContainsAny("/\\\0"))
            ? text : throw Invalid("must be the name of a program on the PATH, or a full path");

    private static int Code(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int code)
        ? code : throw Invalid("must be exit codes, such as [0, 2]");

    private static PantryException Invalid(string what) => new(PantryErrorCode.InvalidArgument, what);

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,39}\z")]
    private static partial Regex KindName();
}
