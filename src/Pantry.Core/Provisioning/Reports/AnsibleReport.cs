using System.Text.Json;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// What Pantry's callback plugin writes in <c>ansible-playbook</c>: a line of JSON for each result of a task, and one with the counts at the end.
/// </summary>
internal static class AnsibleReport
{
    /// <returns>False where the play did not come to its end, or there is nothing.</returns>
    public static bool Read(ReadOnlyMemory<byte> lines, ReportBuilder report)
    {
        bool ended = false;
        foreach (JsonDocument document in ReportJson.Lines(lines, report.Limits.ReportDepth))
        {
            using (document)
            {
                JsonElement line = document.RootElement;
                ended |= line.At("stats") is not null;
                if (line.Text("task") is { } task)
                    report.Add(line.Text("action"), task, Status(line), line.Text("message"), line.Duration(1, "duration"));
            }
        }

        return ended;
    }

    private static ResourceStatus Status(JsonElement line) => line.Text("status") switch
    {
        "failed" or "unreachable" => ResourceStatus.Failed,
        "skipped" => ResourceStatus.Skipped,
        // A task that failed and was told not to mind.
        "ignored" => line.Flag("changed") ? ResourceStatus.Changed : ResourceStatus.Skipped,
        _ => line.Flag("changed") ? ResourceStatus.Changed : ResourceStatus.Unchanged,
    };
}
