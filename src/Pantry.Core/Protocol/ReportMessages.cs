using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>Which reports of provisioning are there?</summary>
internal sealed record ListReports(ReportFilter Filter);

/// <summary>Reports, the newest first; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record ReportPage(IReadOnlyList<ReportEntry> Reports, bool Last);

/// <summary>A report, and what the server knows about it.</summary>
/// <param name="Client">Whose it is.</param>
/// <param name="Job">The job that it came with.</param>
/// <param name="ReceivedAt">When the server had it.</param>
/// <param name="Drift">Whether something else had changed the machine; null where that cannot be told.</param>
/// <param name="IsCurrent">Whether the client's plan has that version now; null where it has no plan.</param>
/// <param name="Report">What the client said, within bounds.</param>
internal sealed record ReportEntry(string Client, string Job, DateTimeOffset ReceivedAt, bool? Drift, bool? IsCurrent, ProvisionReport Report)
{
    /// <summary>As users see it.</summary>
    public ProvisionReport ToReport() => Report with { Client = Client, JobId = Job, ReceivedAt = ReceivedAt, Drift = Drift, IsCurrent = IsCurrent };
}

/// <summary>
/// Which reports: of those of the clients, packages, jobs and time that are asked for, the last ones of each client and package are taken, and
/// of these the ones with a status and with drift. Names know <c>*</c>, <c>?</c> and <c>[a-z]</c>.
/// </summary>
internal sealed record ReportFilter
{
    [JsonRequired]
    public ClientFilter Clients { get; init; } = new();

    [JsonRequired]
    public IReadOnlyList<string> Packages { get; init; } = [];

    [JsonRequired]
    public IReadOnlyList<string> Jobs { get; init; } = [];

    public DateTimeOffset? Since { get; init; }

    public DateTimeOffset? Until { get; init; }

    /// <summary>So many runs of each client and package; null for all.</summary>
    public int? Last { get; init; }

    /// <summary>One of these; none for any.</summary>
    [JsonRequired]
    public IReadOnlyList<ProvisionStatus> Statuses { get; init; } = [];

    public bool Drift { get; init; }
}
