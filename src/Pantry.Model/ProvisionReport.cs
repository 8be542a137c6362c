using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>What came of applying one package on one client, whatever the tool: the tool's own report in the words of Pantry.</summary>
/// <remarks>What is missing in JSON comes as null to an initialiser, whatever its type says: lists and texts are empty then.</remarks>
public sealed record ProvisionReport
{
    /// <summary>Identity of the client; from whose row it came, not from what the report says.</summary>
    [JsonIgnore]
    public string Client { get; init; } = "";

    /// <summary>Id of the job; from whose row it came.</summary>
    [JsonIgnore]
    public string JobId { get; init; } = "";

    /// <summary>Name of the package.</summary>
    public required string Package { get; init; }

    /// <summary>Version of the package.</summary>
    public required string Version { get; init; }

    /// <summary>Kind of the package, which says what applies it: <c>chef</c>, <c>puppet</c>, ...</summary>
    public required string Kind { get; init; }

    /// <summary>The program that applied it, such as <c>cinc-client</c>; null where none was found.</summary>
    public string? Tool { get; init; }

    /// <summary>The program's version; null where it is not known.</summary>
    public string? ToolVersion { get; init; }

    /// <summary>What came of it.</summary>
    public ProvisionStatus Status { get; init; }

    /// <summary>Whether the tool was only asked what it would do.</summary>
    public bool DryRun { get; init; }

    /// <summary>How many resources changed; in a dry run, would change.</summary>
    public int Changed { get; init; }

    /// <summary>How many resources failed.</summary>
    public int Failed { get; init; }

    /// <summary>How many resources were as they should be.</summary>
    public int Unchanged { get; init; }

    /// <summary>How many resources the tool left out.</summary>
    public int Skipped { get; init; }

    /// <summary>When the tool was started; null where it was not.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>How long the tool ran.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The tool's exit code; null where it was not started or did not end by itself.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What the tool said of each resource, as far as it fits: what failed and changed before what did not.</summary>
    public IReadOnlyList<ProvisionResource> Resources { get; init => field = value ?? []; } = [];

    /// <summary>How many resources are counted and not listed.</summary>
    public int ResourcesLeftOut { get; init; }

    /// <summary>What the tool made: ids of images, paths of files.</summary>
    public IReadOnlyList<string> Artifacts { get; init => field = value ?? []; } = [];

    /// <summary>Why it failed or was not done; null where it was.</summary>
    public CommandError? Error { get; init; }

    /// <summary>Where the client keeps all that the tool wrote; null where nothing was written.</summary>
    public string? LogPath { get; init; }

    /// <summary>The last of what the tool wrote.</summary>
    public string LogTail { get; init => field = value ?? ""; } = "";

    /// <summary>SHA-256 of the plan that was applied, which has packages, versions, parameters and steps; null where the client does not say.</summary>
    public string? Plan { get; init; }

    /// <summary>When the server had it; null in a row, which the server has not looked at.</summary>
    [JsonIgnore]
    public DateTimeOffset? ReceivedAt { get; init; }

    /// <summary>
    /// Whether something had to be changed though the same plan had been applied here with success, and no other since: then something else has changed
    /// the machine. Null where that cannot be told: nothing was applied before, the plan is not known or another one, or the tool lists no resources.
    /// </summary>
    [JsonIgnore]
    public bool? Drift { get; init; }

    /// <summary>The resources that had drifted, as far as they are listed.</summary>
    [JsonIgnore]
    public IReadOnlyList<ProvisionResource> Drifted =>
        Drift == true ? [.. Resources.Where(resource => resource.Status is ResourceStatus.Changed or ResourceStatus.WouldChange)] : [];

    /// <summary>Whether the version is the one that the client's plan has now; null where there is no plan for it.</summary>
    [JsonIgnore]
    public bool? IsCurrent { get; init; }

    /// <summary>Client, package and status.</summary>
    public override string ToString() => $"{Client}: {Package} {Version}: {Status}";
}
