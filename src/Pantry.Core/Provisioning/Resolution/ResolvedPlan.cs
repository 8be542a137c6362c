using Pantry.Provisioning.Applications;
using Pantry.Provisioning.Packages;

namespace Pantry.Provisioning.Resolution;

/// <summary>What one client is to have: exact packages in the order in which they are needed, one set of parameters, and steps.</summary>
internal sealed record ResolvedPlan(string Client, string Application, int Revision)
{
    /// <summary>Dependencies before what needs them.</summary>
    public required IReadOnlyList<PackageEdition> Packages { get; init; }

    /// <summary>Names of those of them that the document names for the client; the others are there because these need them.</summary>
    public required IReadOnlyList<string> Named { get; init; }

    public required ParameterMap Parameters { get; init; }

    /// <summary>Names of the secrets whose values the parameters need.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>What is applied, in order.</summary>
    public required IReadOnlyList<PlanStep> Steps { get; init; }
}

/// <summary>A package to apply by a tool, and what of it, in the tool's words.</summary>
internal sealed record PlanStep(PackageEdition Package, string Provisioner, string? Entry);
