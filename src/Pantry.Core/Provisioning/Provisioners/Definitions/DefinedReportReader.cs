using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners.Definitions;

/// <summary>Reads the report of a tool as its definition says.</summary>
internal static class DefinedReportReader
{
    private const int MaxLine = 16 * 1024;

    /// <returns>False where there is nothing of the form.</returns>
    public static bool Read(ReadOnlyMemory<byte> bytes, DefinedReport how, ReportBuilder report)
    {
        int before = report.Total;
        switch (how.Format)
        {
            case ReportFormat.Lines:
                ReadLines(bytes, how, report);
                break;
            case ReportFormat.Json:
                using (JsonDocument? document = ReportJson.TryParse(bytes, report.Limits.ReportDepth))
                {
                    if (document is not null)
                        Add(document.RootElement, how, report);
                }

                break;
            default:
                foreach (JsonDocument line in ReportJson.Lines(bytes, report.Limits.ReportDepth))
                {
                    using (line)
                        Add(line.RootElement, how, report);
                }

                break;
        }

        return report.Total > before;
    }

    private static void Add(JsonElement root, DefinedReport how, ReportBuilder report)
    {
        foreach ((string path, string value) in how.Where)
        {
            if (Text(JsonPath.Parse(path), (null, root)) != value)
                return;
        }

        foreach ((string? Key, JsonElement Value) resource in how.Resources.Select(root))
        {
            if (Text(how.Name, resource) is { } name)
            {
                TimeSpan? seconds = how.Seconds?.Select(resource.Value).Select(found => found.Value).FirstOrDefault() is { ValueKind: not JsonValueKind.Undefined } number ? number.Duration(1) : null;
                report.Add(Text(how.Type, resource), name, Meaning(Text(how.Status, resource), how), Text(how.Message, resource), seconds);
            }
        }
    }

    private static void ReadLines(ReadOnlyMemory<byte> bytes, DefinedReport how, ReportBuilder report)
    {
        using var reader = new StreamReader(new MemoryStream(bytes.ToArray(), writable: false), Encoding.UTF8);
        while (reader.ReadLine() is { } line)
        {
            try
            {
                if (line.Length <= MaxLine && how.Pattern!.Match(line) is { Success: true } match)
                    report.Add(Group(match, "type"), Group(match, "name"), Meaning(Group(match, "status"), how), Group(match, "message"));
            }
            catch (RegexMatchTimeoutException)
            {
                // A line that takes so long is none that the pattern was written for.
            }
        }
    }

    // A word that nobody gave a meaning is taken for a change: who would rather know.
    private static ResourceStatus Meaning(string? word, DefinedReport how) =>
        word is null ? ResourceStatus.Changed
        : how.Words.TryGetValue(word.ToLowerInvariant(), out ResourceStatus status) ? status
        : Enum.TryParse(word, ignoreCase: true, out status) && Enum.IsDefined(status) ? status : ResourceStatus.Changed;

    private static string? Group(Match match, string name) => match.Groups[name] is { Success: true } group ? group.Value : null;

    private static string? Text(JsonPath? path, (string? Key, JsonElement Value) from) =>
        path is null ? null
        : path.Steps is [JsonPath.Key] ? from.Key
        : path.Select(from.Value).Select(found => found.Value.Text()).FirstOrDefault(text => text is not null);
}
