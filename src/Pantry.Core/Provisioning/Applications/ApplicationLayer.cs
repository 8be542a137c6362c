using Pantry.Provisioning.Packages;
using Pantry.Targeting;

namespace Pantry.Provisioning.Applications;

/// <summary>What a document says for some of the application's clients: those that have all the labels that are set.</summary>
internal sealed record ApplicationLayer(string? Environment, string? Role, string? Identity)
{
    public IReadOnlyList<PackageNeed> Packages { get; init; } = [];

    public ParameterMap Parameters { get; init; } = ParameterMap.Empty;

    /// <summary>What is applied, in order; null where the layer leaves it to the more general ones.</summary>
    public IReadOnlyList<ApplyStep>? Steps { get; init; }

    public bool IsFor(ClientLabels client) =>
        (Environment is null || Names.Same(Environment, client.Environment))
        && (Role is null || client.Roles.Contains(Role, Names.Comparer))
        && (Identity is null || Names.Same(Identity, client.Identity));

    /// <summary>The layer in words.</summary>
    public override string ToString() => (Environment, Role, Identity) switch
    {
        (_, _, { } identity) => $"identity '{identity}'",
        ({ } environment, { } role, _) => $"role '{role}' in environment '{environment}'",
        ({ } environment, _, _) => $"environment '{environment}'",
        (_, { } role, _) => $"role '{role}'",
        _ => "application",
    };
}

/// <summary>One thing to apply: a package, by the tool of its kind unless another one is said.</summary>
/// <param name="Package">Name of the package.</param>
/// <param name="Provisioner">The tool; null for that of the package's kind.</param>
/// <param name="Entry">What of the package is applied, in the tool's words; null for what the tool takes by itself.</param>
internal sealed record ApplyStep(string Package, string? Provisioner, string? Entry);
