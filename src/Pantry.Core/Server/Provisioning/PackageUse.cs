using Pantry.Protocol;
using Pantry.Provisioning.Applications;
using Pantry.Provisioning.Packages;
using Pantry.Provisioning.Resolution;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>Which applications use which packages: by name for lists, and by exact version where one is to be removed.</summary>
internal sealed class PackageUse(ApplicationStore applications, ApplicationShelf shelf, PackageStore packages, ClientRegistry registry)
{
    /// <summary>For each package, the applications that name it, or need it through another one, in whatever version.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> ByName()
    {
        PackageCatalog catalog = packages.Catalog;
        var users = new Dictionary<string, IReadOnlyList<string>>(Names.Comparer);
        foreach (string application in applications.All.Select(revision => revision.Name))
        {
            foreach (string package in Reach(DocumentOf(application), catalog))
            {
                if (!users.TryGetValue(package, out IReadOnlyList<string>? known))
                    users[package] = known = new List<string>();
                ((List<string>)known).Add(application);
            }
        }

        return users;
    }

    /// <summary>
    /// Applications of which a client has that very version in its plan: clients there are, and any that could come with
    /// an environment and a role of the document. One whose plan cannot be made counts wherever it names the package.
    /// </summary>
    public IReadOnlyList<string> UsersOf(PackageEdition edition)
    {
        PackageCatalog catalog = packages.Catalog;
        return
        [
            .. applications.All.Select(revision => revision.Name).Where(application => DocumentOf(application) is { } document
                && Reach(document, catalog).Contains(edition.Declaration.Name)
                && Kinds(document).Any(client => Uses(document, client, catalog, edition))),
        ];
    }

    private ApplicationDocument? DocumentOf(string application)
    {
        try
        {
            return shelf.Find(application)?.Document;
        }
        catch (PantryException)
        {
            return null;
        }
    }

    private static HashSet<string> Reach(ApplicationDocument? document, PackageCatalog catalog)
    {
        var reached = new HashSet<string>(Names.Comparer);
        var open = new Stack<string>(document?.PackageNames ?? []);
        while (open.TryPop(out string? name))
        {
            if (!reached.Add(name))
                continue;
            foreach (PackageNeed need in catalog.Versions(name).SelectMany(edition => edition.Declaration.Dependencies))
                open.Push(need.Name);
        }

        return reached;
    }

    // Clients that differ in nothing that the document looks at are looked at once.
    private IEnumerable<ClientLabels> Kinds(ApplicationDocument document)
    {
        const string nobody = "any";
        string?[] environments = [null, .. document.Layers.Select(layer => layer.Environment).OfType<string>().Distinct(Names.Comparer)];
        string?[] roles = [null, .. document.Layers.Select(layer => layer.Role).OfType<string>().Distinct(Names.Comparer)];
        IEnumerable<ClientLabels> possible = environments.SelectMany(environment => roles.Select(role =>
            ClientLabels.Create(nobody, document.Name, environment, role is null ? [] : [role])));
        var identities = new HashSet<string>(document.Layers.Select(layer => layer.Identity).OfType<string>(), Names.Comparer);
        IEnumerable<ClientLabels> known = registry.List(new ClientFilter { Application = document.Name })
            .Select(client => ClientLabels.Create(identities.Contains(client.Identity) ? client.Identity : nobody, client.Application, client.Environment, client.Roles));
        return possible.Concat(known).DistinctBy(client => string.Join('\n', [client.Identity, client.Environment ?? "", .. client.Roles.Order(Names.Comparer)]), Names.Comparer);
    }

    private static bool Uses(ApplicationDocument document, ClientLabels client, PackageCatalog catalog, PackageEdition edition)
    {
        try
        {
            return PlanMaker.Make(document, 0, client, catalog).Packages.Contains(edition);
        }
        catch (PantryException)
        {
            return document.LayersFor(client).SelectMany(layer => layer.Packages).Any(need => Names.Same(need.Name, edition.Declaration.Name) && need.Range.Contains(edition.Declaration.Version));
        }
    }
}
