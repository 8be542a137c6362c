namespace Pantry.Configuration;

/// <summary>Bounds of what provisioning tools write and say, whatever they do.</summary>
internal sealed record ProvisionLimits
{
    /// <summary>Largest report of a tool, as a file or on its output; a larger one is not read.</summary>
    public int ReportBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Levels that a report may be nested.</summary>
    public int ReportDepth { get; init; } = 48;

    /// <summary>Resources that a report lists; the others are counted.</summary>
    public int Resources { get; init; } = 1000;

    /// <summary>Artifacts that a report lists.</summary>
    public int Artifacts { get; init; } = 100;

    /// <summary>Characters of a resource's message, and of why a tool failed.</summary>
    public int MessageLength { get; init; } = 1000;

    /// <summary>Characters of a resource's name and type.</summary>
    public int NameLength { get; init; } = 300;

    /// <summary>Bytes of a package's log of a run; what comes after is left out, and the log says so.</summary>
    public long LogBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Bytes of all logs together; the oldest are removed.</summary>
    public long AllLogsBytes { get; init; } = 512L * 1024 * 1024;

    /// <summary>Number of logs; the oldest are removed.</summary>
    public int Logs { get; init; } = 200;

    /// <summary>The end of a log that goes into the report.</summary>
    public int LogTailBytes { get; init; } = 8 * 1024;

    /// <summary>How long a tool may take to say its version.</summary>
    public TimeSpan VersionTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Packages of one run.</summary>
    public int Packages { get; init; } = 1000;

    /// <summary>How long a package stays on a client after a run has used it for the last time.</summary>
    public TimeSpan PackageKeep { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Files with definitions of provisioners.</summary>
    public int Definitions { get; init; } = 64;
}
