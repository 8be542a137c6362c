using System.Text.Json.Nodes;
using Pantry.Provisioning.Applications;
using Pantry.Provisioning.Packages;
using Pantry.Targeting;

namespace Pantry.Provisioning.Resolution;

/// <summary>
/// Writes the plans of an application's clients at one moment. Those that differ in nothing that the document looks at share one, which is made once.
/// </summary>
internal sealed class PlanWriter(ApplicationDocument document, int revision, PackageCatalog catalog)
{
    private readonly string[] _identities = [.. document.Layers.Select(layer => layer.Identity).OfType<string>().Distinct(Names.Comparer).Order(Names.Comparer)];
    private readonly Dictionary<string, (WrittenPlan? Plan, PantryException? Fault)> _written = new(Names.Comparer);

    /// <exception cref="PantryException">A package is missing, or versions contradict each other; the message names them.</exception>
    public WrittenPlan Write(ClientLabels client)
    {
        string[] roles = [.. client.Roles.Order(Names.Comparer)];
        string? identity = _identities.Contains(client.Identity, Names.Comparer) ? client.Identity : null;
        string kind = string.Join('\n', [identity ?? "", client.Environment ?? "", .. roles]);
        if (!_written.TryGetValue(kind, out (WrittenPlan? Plan, PantryException? Fault) known))
            _written[kind] = known = Try(client, identity, roles);
        return known.Plan ?? throw known.Fault!;
    }

    private (WrittenPlan?, PantryException?) Try(ClientLabels client, string? identity, string[] roles)
    {
        try
        {
            return (WrittenPlan.Write(ToDocument(PlanMaker.Make(document, revision, client, catalog), client, identity, roles)), null);
        }
        catch (PantryException fault)
        {
            return (null, fault);
        }
    }

    private PlanDocument ToDocument(ResolvedPlan plan, ClientLabels client, string? identity, string[] roles) => new()
    {
        Format = PlanDocument.CurrentFormat,
        Application = plan.Application,
        Environment = client.Environment,
        Roles = roles,
        Identity = identity,
        Except = identity is null ? _identities : [],
        Revision = plan.Revision,
        Packages = [.. plan.Packages.Select(edition => new PantryPlanPackage(
            edition.Declaration.Name, edition.Declaration.Version.ToString(), edition.Declaration.Kind, edition.Digest, plan.Named.Contains(edition.Declaration.Name, Names.Comparer)))],
        Steps = [.. plan.Steps.Select(step => new PantryPlanStep(step.Package.Declaration.Name, step.Package.Declaration.Version.ToString(), step.Provisioner, step.Entry))],
        Parameters = (JsonObject)JsonNode.Parse(ParameterJson.ToBytes(plan.Parameters))!,
        Secrets = plan.Secrets,
    };
}
