using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// Chef's data collector messages (<c>run_converge</c>, message version 1.1), written to a file; and for a why-run, of which Chef sends no
/// message, the lines of its <c>doc</c> formatter.
/// </summary>
internal static partial class ChefReport
{
    /// <returns>False where there is no message of a run's end.</returns>
    public static bool Read(ReadOnlyMemory<byte> lines, ReportBuilder report)
    {
        bool ended = false;
        foreach (JsonDocument document in ReportJson.Lines(lines, report.Limits.ReportDepth))
        {
            using (document)
            {
                if (ended || document.RootElement.Text("message_type") != "run_converge")
                    continue;
                ended = true;
                foreach (JsonElement resource in document.RootElement.Items("resources"))
                    Add(resource, report);
                if (document.RootElement.Text("status") == "failure" && !report.HasFailed)
                    report.Fail(document.RootElement.Text("error", "message"));
            }
        }

        return ended;
    }

    /// <returns>False where no line is one of a why-run.</returns>
    public static bool ReadWhyRun(ReadOnlyMemory<byte> output, ReportBuilder report)
    {
        using var reader = new StreamReader(new MemoryStream(output.ToArray(), writable: false), Encoding.UTF8);
        (string Type, string Name, ResourceStatus Status, string? Message)? open = null;
        bool any = false, ended = false;
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 16 * 1024)
                continue;
            Match action = Action().Match(line);
            if (action.Success)
            {
                Close(ref open, report);
                any = true;
                string rest = action.Groups["rest"].Value;
                open = (action.Groups["type"].Value, action.Groups["name"].Value,
                    rest.StartsWith("(skipped", StringComparison.OrdinalIgnoreCase) ? ResourceStatus.Skipped : ResourceStatus.Unchanged,
                    rest is "" or "(up to date)" ? null : rest.Trim('(', ')'));
            }
            else if (open is { } current && line.TrimStart().StartsWith("- Would ", StringComparison.Ordinal))
            {
                open = current with { Status = ResourceStatus.Changed, Message = current.Message is null ? line.Trim()[2..] : $"{current.Message}; {line.Trim()[2..]}" };
            }
            else if (open is { } failing && line.TrimStart().StartsWith("Error executing action ", StringComparison.Ordinal))
            {
                open = failing with { Status = ResourceStatus.Failed, Message = line.Trim() };
            }

            ended |= Ended().IsMatch(line);
        }

        Close(ref open, report);
        return any || ended;
    }

    private static void Close(ref (string Type, string Name, ResourceStatus Status, string? Message)? open, ReportBuilder report)
    {
        if (open is { } resource)
            report.Add(resource.Type, resource.Name, resource.Status, resource.Message);
        open = null;
    }

    private static void Add(JsonElement resource, ReportBuilder report)
    {
        ResourceStatus status = resource.Text("status") switch
        {
            "updated" => ResourceStatus.Changed,
            "failed" => resource.Flag("ignore_failure") ? ResourceStatus.Skipped : ResourceStatus.Failed,
            "skipped" or "unprocessed" => ResourceStatus.Skipped,
            _ => ResourceStatus.Unchanged,
        };
        string? message = resource.Text("error_message") ?? resource.Text("conditional") ?? (status == ResourceStatus.Changed ? resource.Text("result") : null);
        report.Add(resource.Text("type"), resource.Text("name"), status, message, resource.Duration(1000, "duration"));
    }

    [GeneratedRegex(@"^ *\* (?<type>[a-z][a-z0-9_]*)\[(?<name>.*)\] action \w+ *(?<rest>\(.*\))?$", RegexOptions.NonBacktracking)]
    private static partial Regex Action();

    [GeneratedRegex(@"^(?:Chef|Infra Phase|Cinc).{0,40}(?:finished|complete|failed)", RegexOptions.NonBacktracking)]
    private static partial Regex Ended();
}
