using System.Text;
using System.Text.Json;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// What a script or a PowerShell script writes about itself, if it does: the word <c>changed</c> or <c>unchanged</c>; or an object with <c>changed</c>,
/// <c>failed</c>, <c>resources</c> (of type, name, status, message, duration in seconds) and <c>artifacts</c>.
/// </summary>
internal static class ScriptReport
{
    /// <returns>False where the bytes are no such report.</returns>
    public static bool Read(ReadOnlyMemory<byte> bytes, string name, ReportBuilder report)
    {
        if (bytes.Length < 32 && Encoding.UTF8.GetString(bytes.Span).Trim() is "changed" or "unchanged")
        {
            bool changed = Encoding.UTF8.GetString(bytes.Span).Trim() == "changed";
            report.Add("script", name, changed ? ResourceStatus.Changed : ResourceStatus.Unchanged);
            return true;
        }

        using JsonDocument? document = ReportJson.TryParse(bytes, report.Limits.ReportDepth, eachOnce: true);
        if (document?.RootElement is not { ValueKind: JsonValueKind.Object } root)
            return false;
        foreach (JsonElement resource in root.Items("resources"))
            report.Add(resource.Text("type"), resource.Text("name"), Status(resource.Text("status")), resource.Text("message"), resource.Duration(1, "duration"));
        foreach (JsonElement artifact in root.Items("artifacts"))
            report.AddArtifact(artifact.Text() ?? "");
        if (report.Total == 0)
            report.Add("script", name, root.Flag("changed") ? ResourceStatus.Changed : ResourceStatus.Unchanged);
        if (root.Text("failed") is { } failed && failed != "false")
            report.Fail(failed == "true" ? null : failed);
        return true;
    }

    // A word that is none of these is taken for a change, as in a definition: 'error' must not pass for nothing done.
    private static ResourceStatus Status(string? word) => string.IsNullOrEmpty(word) ? ResourceStatus.Unchanged
        : Enum.TryParse(word, ignoreCase: true, out ResourceStatus status) && Enum.IsDefined(status) ? status : ResourceStatus.Changed;
}
