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
    // Each needs a plan of its own; more than all environments with all roles that a document may have.
    private const int MaxKinds = 20_000;

    /// <summary>For each package, the applications that name it, or need it through another one, in whatever version.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> ByName()
    {
        PackageCatalog catalog = packages.Catalog;
        var users = new Dictionary<string, IReadOnlyList<string>>(Names.Comparer);
        foreach (StoredRevision application in applications.All)
        {
            foreach (string package in Reach(shelf.Read(application), catalog))
            {
                if (!users.TryGetValue(package, out IReadOnlyList<string>? known))
                    users[package] = known = new List<string>();
                ((List<string>)known).Add(application.Name);
            }
        }

        return users;
    }

    /// <summary>
    /// Applications of which a client has that very version in its plan: clients there are, and any that could come with
    /// an environment and a role of the document, or under an identity of it. One whose plan cannot be made counts wherever it names the package, and
    /// so does a document with more kinds of clients than can be looked at.
    /// </summary>
    public IReadOnlyList<string> UsersOf(PackageEdition edition)
    {
        PackageCatalog catalog = packages.Catalog;
        return
        [
            .. applications.All.Where(application => shelf.Read(application) is { } document
                && Reach(document, catalog).Contains(edition.Declaration.Name)
                && (Kinds(document) is not { } kinds || kinds.Any(client => Uses(document, client, catalog, edition)))).Select(application => application.Name),
        ];
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

    // Clients that differ in nothing that the document looks at are looked at once. Null where there are too many kinds.
    private IEnumerable<ClientLabels>? Kinds(ApplicationDocument document)
    {
        const string nobody = "any";
        string?[] environments = [null, .. document.Layers.Select(layer => layer.Environment).OfType<string>().Distinct(Names.Comparer)];
        string?[] roles = [null, .. document.Layers.Select(layer => layer.Role).OfType<string>().Distinct(Names.Comparer)];
        var identities = new HashSet<string>(document.Layers.Select(layer => layer.Identity).OfType<string>(), Names.Comparer);
        ClientLabels[] there = [.. registry.List(new ClientFilter { Application = document.Name }).Select(client => ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles))];
        var enrolled = there.Select(client => client.Identity).ToHashSet(Names.Comparer);
        // One that is not enrolled yet can come with any labels; those who are given the same packages are one kind.
        string[] awaited =
        [
            .. document.Layers.Where(layer => layer is { Identity: { } identity, Packages.Count: > 0 } && !enrolled.Contains(identity))
                .DistinctBy(layer => string.Join('\n', layer.Packages.Select(need => $"{need.Name} {need.Range.Text}").Order(Names.Comparer)), Names.Comparer).Select(layer => layer.Identity!),
        ];
        if ((long)environments.Length * roles.Length * (awaited.Length + 1) > MaxKinds)
            return null;
        IEnumerable<ClientLabels> possible = environments.SelectMany(environment => roles.SelectMany(role =>
            awaited.Prepend(nobody).Select(identity => ClientLabels.Create(identity, document.Name, environment, role is null ? [] : [role]))));
        IEnumerable<ClientLabels> known = there.Select(client => identities.Contains(client.Identity) ? client : ClientLabels.Create(nobody, client.Application, client.Environment, client.Roles));
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
