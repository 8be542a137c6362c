using Pantry.Provisioning.Reports;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// How packages of a kind are applied. It says what to run and reads what came of it; it runs nothing itself, so that every
/// tool is bounded, logged, redacted and ended in one way.
/// </summary>
internal interface IProvisioner
{
    /// <summary>The kind of packages it applies.</summary>
    string Kind { get; }

    /// <summary>The programs that can do it, the best first; none where the package brings its own.</summary>
    IReadOnlyList<ToolChoice> Tools { get; }

    /// <summary>How to get a program, where there is none.</summary>
    string InstallHint { get; }

    /// <summary>Writes what the tool needs into the work directory, and says what to run, for a dry run too.</summary>
    /// <exception cref="PantryException">The package is none for the tool, or it can't be done; the message says why.</exception>
    ToolPlan Prepare(ProvisionWork work);

    /// <summary>Reads the tool's report. What it leaves unsaid is said by how the last program ended.</summary>
    void Read(ProvisionWork work, ToolOutcome outcome, ReportBuilder report);
}

/// <summary>A program that can apply packages of a kind.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="Programs">Names to look for on the PATH, and full paths, in order.</param>
/// <param name="VersionArguments">Arguments with which it says its version.</param>
internal sealed record ToolChoice(string Name, IReadOnlyList<string> Programs, IReadOnlyList<string> VersionArguments)
{
    /// <summary>Finds the version in what it says: its first group, or all of it.</summary>
    public string VersionPattern { get; init; } = @"\d+(?:\.\d+)+[-.+\w]*";

    /// <summary>Whether it counts as found only where it says a version, for what is part of another program.</summary>
    public bool MustSayVersion { get; init; }
}

/// <param name="Name">What the report calls it.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Version">Its version, where it says one.</param>
internal sealed record FoundTool(string Name, string Path, string? Version);

/// <summary>What to run, in this order.</summary>
internal sealed record ToolPlan(params IReadOnlyList<ToolCommand> Commands)
{
    /// <summary>Why there is nothing to run, such as that the tool has no dry run.</summary>
    public string? NotRun { get; init; }

    public static ToolPlan Nothing(string why) => new() { NotRun = why };
}

/// <summary>A program with its arguments, which no shell ever sees.</summary>
/// <param name="Program">Path of the program.</param>
/// <param name="Arguments">Its arguments; no secret is among them.</param>
/// <param name="WorkingDirectory">Where it runs.</param>
internal sealed record ToolCommand(string Program, IReadOnlyList<string> Arguments, string WorkingDirectory)
{
    /// <summary>Variables it gets beside the client's own; secrets may be among them.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>What it reads from its standard input.</summary>
    public byte[] Input { get; init; } = [];

    /// <summary>Whether what follows is left out where this one fails.</summary>
    public bool StopsOnFailure { get; init; }
}

/// <summary>How the programs ended, in their order; those that were not run are missing.</summary>
internal sealed record ToolOutcome(IReadOnlyList<ToolRun> Runs)
{
    public ToolRun Last => Runs[^1];
}

/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output, up to the largest report.</param>
/// <param name="Error">Its standard error, up to the cap of a command's output.</param>
/// <param name="Truncated">Whether the output was larger.</param>
internal sealed record ToolRun(int ExitCode, byte[] Output, byte[] Error, bool Truncated)
{
    private const int LastBytes = 16 * 1024;

    /// <summary>The last line that says something, on standard error before standard output.</summary>
    public string? LastWords => LastLine(Error) ?? LastLine(Output);

    private static string? LastLine(byte[] bytes) =>
        System.Text.Encoding.UTF8.GetString(bytes.AsSpan(Math.Max(0, bytes.Length - LastBytes)))
            .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault();
}
