using System.Text.Json;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// Puppet's <c>last_run_report.yaml</c> (report format 5 and later), and <c>last_run_summary.yaml</c> for the counts where there is no report
/// that can be read.
/// </summary>
internal static class PuppetReport
{
    // Puppet puts these into every catalog by itself.
    private static readonly string[] Its = ["Schedule", "Filebucket"];

    /// <returns>False where the bytes are no such report.</returns>
    public static bool Read(ReadOnlyMemory<byte> yaml, ReportBuilder report)
    {
        using JsonDocument? document = YamlReport.TryParse(yaml, report.Limits.ReportDepth, report.Limits.ReportBytes);
        if (document?.RootElement.At("resource_statuses") is not { ValueKind: JsonValueKind.Object } statuses)
            return false;
        foreach (JsonProperty entry in statuses.EnumerateObject())
            Add(entry, report);
        if (document.RootElement.Text("status") == "failed" && !report.HasFailed)
            report.Fail(FirstError(document.RootElement));
        return true;
    }

    /// <returns>False where the bytes are no such summary.</returns>
    public static bool ReadSummary(ReadOnlyMemory<byte> yaml, ReportBuilder report)
    {
        using JsonDocument? document = YamlReport.TryParse(yaml, report.Limits.ReportDepth, report.Limits.ReportBytes);
        if (document?.RootElement.At("resources") is not { ValueKind: JsonValueKind.Object } counts)
            return false;
        (int changed, int failed, int skipped, int total) = (Count(counts, "changed"), Count(counts, "failed"), Count(counts, "skipped"), Count(counts, "total"));
        if (report.DryRun)
            changed = Math.Max(changed, Count(counts, "out_of_sync"));
        report.Count(ResourceStatus.Changed, changed);
        report.Count(ResourceStatus.Failed, failed);
        report.Count(ResourceStatus.Skipped, skipped);
        report.Count(ResourceStatus.Unchanged, Math.Max(0, total - changed - failed - skipped));
        if (failed > 0)
            report.Fail($"{failed} resources failed; the log says which.");
        return true;
    }

    private static void Add(JsonProperty entry, ReportBuilder report)
    {
        JsonElement resource = entry.Value;
        ResourceStatus status =
            resource.Flag("failed") || resource.Flag("failed_to_restart") ? ResourceStatus.Failed
            : resource.Flag("skipped") ? ResourceStatus.Skipped
            : resource.Flag("changed") || (report.DryRun && resource.Items("events").Any(happened => happened.Text("status") == "noop")) ? ResourceStatus.Changed
            : ResourceStatus.Unchanged;
        string? type = resource.Text("resource_type");
        if (Its.Contains(type, StringComparer.Ordinal) && status == ResourceStatus.Unchanged)
            return;
        report.Add(type, resource.Text("title") ?? entry.Name, status, Message(resource, status), resource.Duration(1, "evaluation_time"));
    }

    private static string? Message(JsonElement resource, ResourceStatus status)
    {
        if (status is ResourceStatus.Unchanged or ResourceStatus.Skipped)
            return status == ResourceStatus.Skipped ? "Something that it needs failed, or a schedule or tag left it out." : null;
        IEnumerable<JsonElement> events = resource.Items("events");
        if (status == ResourceStatus.Failed)
            events = events.Where(happened => happened.Text("status") == "failure");
        string?[] messages = [.. events.Take(8).Select(happened => happened.Text("property") is { } property && status != ResourceStatus.Failed
            ? $"{property}: {happened.Text("message")}" : happened.Text("message")).Where(message => !string.IsNullOrEmpty(message))];
        return messages.Length == 0 ? null : string.Join("; ", messages);
    }

    private static string? FirstError(JsonElement root) =>
        root.Items("logs").FirstOrDefault(line => line.Text("level") is "err" or "alert" or "emerg" or "crit") is { ValueKind: JsonValueKind.Object } line ? line.Text("message") : null;

    private static int Count(JsonElement counts, string name) => Math.Max(0, counts.Number(name) ?? 0);
}
