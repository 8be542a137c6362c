using System.Text.Json;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// The result of <c>dsc config set</c> (<c>changedProperties</c>) and <c>dsc config test</c> (<c>inDesiredState</c>, <c>differingProperties</c>);
/// a group's result is a list of such results.
/// </summary>
internal static class DscReport
{
    /// <returns>False where the bytes are no such result.</returns>
    public static bool Read(ReadOnlyMemory<byte> json, ReportBuilder report)
    {
        using JsonDocument? document = ReportJson.TryParse(json, report.Limits.ReportDepth);
        if (document?.RootElement.At("results") is not { ValueKind: JsonValueKind.Array } results)
            return false;
        Add(results, report);
        foreach (JsonElement message in document.RootElement.Items("messages").Where(message => message.Text("level") is "error" or "Error"))
            report.Add(message.Text("type"), message.Text("name"), ResourceStatus.Failed, message.Text("message"));
        if (document.RootElement.Flag("hadErrors") && !report.HasFailed)
            report.Fail("dsc says that there were errors; the log has them.");
        return true;
    }

    private static void Add(JsonElement results, ReportBuilder report)
    {
        foreach (JsonElement entry in results.EnumerateArray())
        {
            if (entry.At("result") is not { } result)
                continue;
            if (result.ValueKind == JsonValueKind.Array)
            {
                // The parser bounds how deep groups lie in groups.
                Add(result, report);
                continue;
            }

            string[] properties = [.. result.Items("changedProperties").Concat(result.Items("differingProperties")).Select(property => property.Text()).OfType<string>()];
            bool differs = result.At("inDesiredState") is { } desired ? desired.ValueKind == JsonValueKind.False : properties.Length > 0;
            report.Add(
                entry.Text("type"), entry.Text("name"), differs ? ResourceStatus.Changed : ResourceStatus.Unchanged,
                differs && properties.Length > 0 ? string.Join(", ", properties) : null, IsoDuration(entry));
        }
    }

    private static TimeSpan? IsoDuration(JsonElement entry)
    {
        string? text = entry.Text("executionInformation", "duration") ?? entry.Text("metadata", "Microsoft.DSC", "duration");
        try
        {
            return text is { Length: > 0 and < 64 } ? System.Xml.XmlConvert.ToTimeSpan(text) is var time && time >= TimeSpan.Zero ? time : null : null;
        }
        catch (Exception exception) when (exception is FormatException or OverflowException)
        {
            return null;
        }
    }
}
