namespace Pantry.Configuration.Settings;

/// <summary>Where a host logs to, and how.</summary>
internal sealed record LogSettings
{
    /// <summary>Where to: stdout, stderr, syslog, journald, eventlog or paths of files; null where nothing was said, so that the host chooses.</summary>
    public IReadOnlyList<LogTarget>? Targets { get; init; }

    public LogSeverity Level { get; init; } = LogSeverity.Info;

    /// <summary>The name of the program in syslog and journald.</summary>
    public string ProgramName { get; init; } = "pantry";

    /// <summary>How lines are written to files, stdout and stderr.</summary>
    public LogFormat Format { get; init; } = LogFormat.Text;

    /// <summary>A file that would become larger is rolled.</summary>
    public long FileSize { get; init; } = 10 * 1024 * 1024;

    /// <summary>Files that are kept, the current one included.</summary>
    public int FileCount { get; init; } = 5;

    /// <summary>Lines that wait to be written; beyond, lines are left out and counted.</summary>
    public int WaitingLines { get; init; } = 8192;
}

/// <summary>One place to log to.</summary>
/// <param name="Output">What kind of place.</param>
/// <param name="Path">The file, where it is one.</param>
internal sealed record LogTarget(LogOutput Output, string? Path = null)
{
    public override string ToString() => Path ?? Output.ToString().ToLowerInvariant();
}

internal enum LogOutput
{
    Stdout,
    Stderr,
    Syslog,
    Journald,
    EventLog,
    File,
}

/// <summary>The least severe lines that are written. The names are those that people write.</summary>
internal enum LogSeverity
{
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
    None,
}

internal enum LogFormat
{
    /// <summary>One line for people.</summary>
    Text,

    /// <summary>One JSON object a line.</summary>
    Json,
}
