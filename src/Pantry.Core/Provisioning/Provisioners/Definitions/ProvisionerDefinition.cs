using System.Text.RegularExpressions;

namespace Pantry.Provisioning.Provisioners.Definitions;

/// <summary>A provisioner that somebody added to a client with a file.</summary>
/// <param name="Name">The kind of packages it applies.</param>
/// <param name="Tool">The program.</param>
/// <param name="InstallHint">How to get it.</param>
/// <param name="Apply">How it applies a package.</param>
/// <param name="DryRun">How it says what it would do; null where it cannot.</param>
/// <param name="Secrets">How it is given secrets.</param>
internal sealed record ProvisionerDefinition(string Name, ToolChoice Tool, string InstallHint, DefinedCommand Apply, DefinedCommand? DryRun, SecretsWay Secrets);

/// <param name="Arguments">Arguments, with placeholders.</param>
/// <param name="Environment">Variables, with placeholders in their values.</param>
/// <param name="Changed">Exit codes after something changed.</param>
/// <param name="Unchanged">Exit codes after all was as it should be.</param>
/// <param name="Report">Where its report is and what it looks like; null for exit codes alone.</param>
internal sealed record DefinedCommand(
    IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, IReadOnlyList<int> Changed, IReadOnlyList<int> Unchanged, DefinedReport? Report);

/// <summary>How a report is read.</summary>
internal sealed record DefinedReport
{
    /// <summary>Whether it is the file that the placeholder <c>report</c> names, not standard output.</summary>
    public bool FromFile { get; init; }

    public ReportFormat Format { get; init; }

    /// <summary>Where resources are.</summary>
    public JsonPath Resources { get; init; } = new([]);

    /// <summary>What must be at a path of the document for it to be read.</summary>
    public IReadOnlyDictionary<string, string> Where { get; init; } = new Dictionary<string, string>();

    public JsonPath? Name { get; init; }

    public JsonPath? Type { get; init; }

    public JsonPath? Status { get; init; }

    public JsonPath? Message { get; init; }

    /// <summary>Where the duration in seconds is.</summary>
    public JsonPath? Seconds { get; init; }

    /// <summary>What a line looks like; its groups are name, type, status and message.</summary>
    public Regex? Pattern { get; init; }

    /// <summary>The words of a status, lower case, and what they mean.</summary>
    public IReadOnlyDictionary<string, ResourceStatus> Words { get; init; } = new Dictionary<string, ResourceStatus>();
}

internal enum ReportFormat
{
    Json,
    JsonLines,
    Lines,
}

internal enum SecretsWay
{
    /// <summary>It is given none, and a run that has some fails.</summary>
    None,

    /// <summary>As the variables of its environment that the definition makes of them, with the placeholder <c>secret.NAME</c>.</summary>
    Environment,

    /// <summary>As a JSON file that its owner alone can read; the placeholder <c>secrets</c> is its path.</summary>
    File,
}
