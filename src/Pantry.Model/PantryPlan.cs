using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>What one client would get: exact versions, one set of parameters, steps in order.</summary>
public sealed record PantryPlan
{
    /// <summary>Identity of the client.</summary>
    public required string Client { get; init; }

    /// <summary>The client's application.</summary>
    public string? Application { get; init; }

    /// <summary>The revision of the application's document.</summary>
    public int Revision { get; init; }

    /// <summary>The packages, dependencies before what needs them.</summary>
    [JsonRequired]
    public IReadOnlyList<PantryPlanPackage> Packages { get; init; } = [];

    /// <summary>The parameters as JSON. In the place of a secret stands its name.</summary>
    [JsonRequired]
    public string Parameters { get; init; } = "{}";

    /// <summary>Names of the secrets whose values are needed.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>What is applied, in order.</summary>
    [JsonRequired]
    public IReadOnlyList<PantryPlanStep> Steps { get; init; } = [];

    /// <summary>SHA-256 of the plan as it is signed and sent; clients that differ in nothing the application's document looks at share one.</summary>
    public string? Digest { get; init; }

    /// <summary>Why there is no plan; null where there is one.</summary>
    public CommandError? Error { get; init; }
}

/// <summary>A package of a plan.</summary>
/// <param name="Name">Name of the package.</param>
/// <param name="Version">The version that was chosen.</param>
/// <param name="Kind">The tool that applies it.</param>
/// <param name="Digest">SHA-256 of the list of its files.</param>
/// <param name="IsNamed">Whether the application names it; otherwise another package needs it.</param>
public sealed record PantryPlanPackage(string Name, string Version, string Kind, string Digest, bool IsNamed)
{
    /// <summary>Name and version.</summary>
    public override string ToString() => $"{Name} {Version}";
}

/// <summary>A step of a plan.</summary>
/// <param name="Package">The package that is applied.</param>
/// <param name="Version">Its version.</param>
/// <param name="Provisioner">The tool that applies it.</param>
/// <param name="Entry">What of the package is applied, in the tool's words; null for what the tool takes by itself.</param>
public sealed record PantryPlanStep(string Package, string Version, string Provisioner, string? Entry)
{
    /// <summary>The package and the tool.</summary>
    public override string ToString() => $"{Package} {Version} by {Provisioner}";
}
