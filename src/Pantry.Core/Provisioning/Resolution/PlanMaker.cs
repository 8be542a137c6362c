using Pantry.Provisioning.Applications;
using Pantry.Provisioning.Packages;
using Pantry.Targeting;

namespace Pantry.Provisioning.Resolution;

/// <summary>
/// An application's document, a client's labels and the packages there are make the client's plan. What a more specific layer
/// says counts: its range for a package, its parameters, its steps. No I/O, no clock: the same always gives the same.
/// </summary>
internal static class PlanMaker
{
    /// <exception cref="PantryException">A package is missing, or versions contradict each other; the message names them.</exception>
    public static ResolvedPlan Make(ApplicationDocument document, int revision, ClientLabels client, PackageCatalog catalog)
    {
        ApplicationLayer[] layers = [.. document.LayersFor(client)];
        IReadOnlyList<Requirement> wanted = Wanted(document.Name, layers);
        IReadOnlyList<PackageEdition> packages = PackageResolver.Resolve(wanted, catalog);
        ParameterMap parameters = layers.Aggregate(ParameterMap.Empty, (merged, layer) => merged.With(layer.Parameters));
        return new ResolvedPlan(client.Identity, document.Name, revision)
        {
            Packages = packages,
            Named = [.. wanted.Select(requirement => requirement.Need.Name)],
            Parameters = parameters,
            Secrets = [.. SecretsOf(parameters).Distinct(Names.Comparer)],
            Steps = [.. Steps(layers, wanted, packages)],
        };
    }

    // In the order in which they are first named; the last range counts.
    private static List<Requirement> Wanted(string application, ApplicationLayer[] layers)
    {
        var wanted = new OrderedDictionary<string, Requirement>(Names.Comparer);
        foreach (ApplicationLayer layer in layers)
        {
            foreach (PackageNeed need in layer.Packages)
                wanted[need.Name] = new Requirement(need, layer.ToString() is "application" ? $"application '{application}'" : $"{layer} of application '{application}'");
        }

        return [.. wanted.Values];
    }

    // Without any, what is named is applied, dependencies first; they themselves are only there.
    private static IEnumerable<PlanStep> Steps(ApplicationLayer[] layers, IReadOnlyList<Requirement> wanted, IReadOnlyList<PackageEdition> packages)
    {
        IReadOnlyList<ApplyStep> steps = layers.LastOrDefault(layer => layer.Steps is not null)?.Steps
            ?? [.. packages.Where(edition => wanted.Any(requirement => Names.Same(requirement.Need.Name, edition.Declaration.Name)))
                .Select(edition => new ApplyStep(edition.Declaration.Name, null, null))];
        foreach (ApplyStep step in steps)
        {
            // A list for all clients names packages that not all of them have.
            if (packages.FirstOrDefault(edition => Names.Same(edition.Declaration.Name, step.Package)) is { } package)
                yield return new PlanStep(package, step.Provisioner ?? package.Declaration.Kind, step.Entry);
        }
    }

    private static IEnumerable<string> SecretsOf(ParameterValue value) => value switch
    {
        SecretReference secret => [secret.Name],
        ParameterMap map => map.Entries.SelectMany(entry => SecretsOf(entry.Value)),
        ParameterList list => list.Items.SelectMany(SecretsOf),
        _ => [],
    };
}
