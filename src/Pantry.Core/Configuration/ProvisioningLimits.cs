namespace Pantry.Configuration;

/// <summary>Limits of packages, applications and reports on a server.</summary>
internal sealed record ProvisioningLimits
{
    /// <summary>Versions of packages; more are refused.</summary>
    public int MaxPackages { get; init; } = 100_000;

    /// <summary>Applications, those that were removed included; more are refused.</summary>
    public int MaxApplications { get; init; } = 10_000;

    /// <summary>Revisions of each application that are kept; beyond, the oldest go.</summary>
    public int RevisionsOfEach { get; init; } = 1000;

    /// <summary>Bytes of the documents of all revisions; beyond, the oldest go, but never the newest of an application.</summary>
    public long AllRevisionsBytes { get; init; } = 1024L * 1024 * 1024;

    /// <summary>A check of the store says how far it is after so many bytes.</summary>
    public long VerifyStep { get; init; } = 64 * 1024 * 1024;

    /// <summary>Problems that a check names; it counts no further.</summary>
    public int NamedProblems { get; init; } = 1000;

    /// <summary>How long reports are kept: longer than jobs.</summary>
    public TimeSpan ReportKeep { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Reports of each client and package that are kept; beyond, the oldest go.</summary>
    public int ReportsOfEach { get; init; } = 400;

    /// <summary>Bytes of all reports, compressed; beyond, the oldest go.</summary>
    public long AllReportsBytes { get; init; } = 4L * 1024 * 1024 * 1024;

    /// <summary>Bytes of one report; of a larger one, resources that did not change are left out before others. A page of them is a message.</summary>
    public int ReportBytes { get; init; } = 512 * 1024;

    /// <summary>Reports in one answer to a console.</summary>
    public int ReportPageSize { get; init; } = 8;

    /// <summary>Rows with reports, and bytes of them, that are taken in one transaction; one row at least.</summary>
    public (int Rows, long Bytes) ReportBatch { get; init; } = (64, 32L * 1024 * 1024);

    /// <summary>Late results, and bytes of their reports, that wait for the disk; one at least. More are left with their clients, which send them again.</summary>
    public (int Results, long Bytes) LateReports { get; init; } = (64, 32L * 1024 * 1024);

    /// <summary>Reports that are removed in one transaction.</summary>
    public int ReportPruneBatch { get; init; } = 1000;

    /// <summary>How soon reports that the disk refused are tried again.</summary>
    public TimeSpan ReportRetry { get; init; } = TimeSpan.FromSeconds(1);
}
