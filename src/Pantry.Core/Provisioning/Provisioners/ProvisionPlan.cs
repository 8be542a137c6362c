using System.Text.Json.Nodes;
using Pantry.Targeting;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// What a run is given: packages, in the order they are applied, and what they are given.
/// </summary>
internal sealed record ProvisionPlan
{
    /// <summary>Id of the job that the run is for.</summary>
    public required string JobId { get; init; }

    /// <summary>Who this client is; tools see its application, environment and roles.</summary>
    public required ClientLabels Client { get; init; }

    public required IReadOnlyList<PlannedPackage> Packages { get; init; }

    /// <summary>SHA-256 of the plan document; null where there is none.</summary>
    public string? Digest { get; init; }

    /// <summary>The merged parameters that have no secret in them.</summary>
    public JsonObject Parameters { get; init; } = [];

    /// <summary>The parameters that have one, with its value; never written but into owner-only files of the run, and the environment of the tool.</summary>
    public JsonObject SecretParameters { get; init; } = [];

    /// <summary>Where in those the secrets themselves are: paths as <see cref="JsonNode.GetPath"/> has them.</summary>
    public IReadOnlySet<string> SecretPlaces { get; init; } = new HashSet<string>();

    /// <summary>The values of secrets by name, to be taken out of what tools say.</summary>
    public IReadOnlyDictionary<string, byte[]> Secrets { get; init; } = new Dictionary<string, byte[]>();

    /// <summary>Directory for this client's runs: their state, logs, lock and work files.</summary>
    public required string Directory { get; init; }

    /// <summary>Directory with the files of provisioners that were added; it need not be there.</summary>
    public string? Definitions { get; init; }

    /// <summary>Directories in which tools are looked for; the PATH of the client's process by default.</summary>
    public string SearchPath { get; init; } = Environment.GetEnvironmentVariable("PATH") ?? "";

    /// <summary>Brings the packages here, under the run's lock; null where they are here.</summary>
    public Func<CancellationToken, Task>? Bring { get; init; }

    /// <summary>What was done before the first package, for its log.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Whether tools are only asked what they would do.</summary>
    public bool DryRun { get; init; }

    /// <summary>How long all of it may take; null for as long as the caller's token lets it.</summary>
    public TimeSpan? Deadline { get; init; }
}

/// <param name="Name">Name of the package.</param>
/// <param name="Version">Its version.</param>
/// <param name="Kind">What applies it.</param>
/// <param name="Directory">Where it is on this machine.</param>
/// <param name="Apply">Whether it is applied; false for one that only others of its kind need.</param>
/// <param name="Entry">What of it is applied, in the tool's words; null for what the tool takes by itself.</param>
internal sealed record PlannedPackage(string Name, string Version, string Kind, string Directory, bool Apply = true, string? Entry = null);
