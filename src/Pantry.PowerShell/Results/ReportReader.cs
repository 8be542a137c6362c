using System.Text.Json;
using Pantry.Provisioning.Reports;

namespace Pantry.PowerShell.Results;

/// <summary>Makes what users see of a client's provisioning reports. Whose they are the row says, never the report.</summary>
internal static class ReportReader
{
    /// <exception cref="JsonException">They are none.</exception>
    public static object?[]? Read(string client, string jobId, byte[] body) =>
        JsonSerializer.Deserialize(body, ProvisionJson.Default.IReadOnlyListProvisionReport) is { } reports
            ? [.. reports.OfType<ProvisionReport>().Select(report => report with { Client = client, JobId = jobId })]
            : null;
}
