using Pantry.Provisioning.Packages;
using Pantry.Targeting;

namespace Pantry.Provisioning.Resolution;

/// <summary>
/// Chooses one version of each package that is needed, the newest that all who need it can live with, and puts dependencies
/// first. The same needs and packages always give the same choice. No I/O, no clock.
/// </summary>
internal sealed class PackageResolver
{
    // Ranges that contradict each other in many places could make it try for ever.
    private const int MostAttempts = 100_000;

    /// <summary>Packages of one client.</summary>
    public const int MaxPackages = 1000;

    private readonly PackageCatalog _catalog;
    private readonly Dictionary<string, PackageEdition> _chosen = new(Names.Comparer);
    private readonly Dictionary<string, List<Requirement>> _required = new(Names.Comparer);
    private int _attempts;
    private PantryException? _conflict;
    private int _deepest = -1;

    private PackageResolver(PackageCatalog catalog) => _catalog = catalog;

    /// <summary>The chosen versions, dependencies before what needs them, otherwise in the order in which they are required.</summary>
    /// <exception cref="PantryException">A package is not there, or no version will do; the message names who needs which.</exception>
    public static IReadOnlyList<PackageEdition> Resolve(IReadOnlyList<Requirement> wanted, PackageCatalog catalog)
    {
        var resolver = new PackageResolver(catalog);
        foreach (Requirement requirement in wanted)
            resolver.Require(requirement);
        if (!resolver.Choose([.. wanted.Select(requirement => requirement.Need.Name)]))
            throw resolver._conflict!;
        return resolver.Ordered(wanted);
    }

    // The names that are still to be chosen; each choice adds what it needs, and takes it back where it leads nowhere.
    private bool Choose(List<string> open)
    {
        int next = open.FindIndex(name => !_chosen.ContainsKey(name));
        if (next < 0)
            return true;
        if (_chosen.Count >= MaxPackages)
            throw new PantryException(PantryErrorCode.LimitReached, $"A client can have {MaxPackages:N0} packages, with all that they depend on, and here are more.");
        string name = open[next];
        IReadOnlyList<PackageEdition> versions = _catalog.Versions(name);
        bool any = false;
        foreach (PackageEdition edition in versions.Where(edition => Fits(name, edition)))
        {
            any = true;
            if (++_attempts > MostAttempts)
            {
                _conflict = new PantryException(PantryErrorCode.PackageConflict,
                    $"No choice of versions was found in {MostAttempts:N0} attempts. {_conflict?.Message} Narrow the ranges of the application's packages.");
                return false;
            }

            if (TryTake(edition, open))
                return true;
            if (_attempts > MostAttempts)
                return false;
        }

        if (!any)
            Remember(() => versions.Count == 0 ? Unknown(name) : Conflict(name, versions));
        return false;
    }

    private bool TryTake(PackageEdition edition, List<string> open)
    {
        string name = edition.Declaration.Name;
        IReadOnlyList<PackageNeed> needs = edition.Declaration.Dependencies;
        foreach (PackageNeed need in needs)
            Require(new Requirement(need, edition.ToString()));
        _chosen[name] = edition;
        // One that was chosen before must be good for this one too.
        PackageNeed? against = needs.FirstOrDefault(need => _chosen.TryGetValue(need.Name, out PackageEdition? other) && !need.Range.Contains(other.Declaration.Version));
        if (against is null)
        {
            if (Choose([.. open, .. needs.Select(need => need.Name)]))
                return true;
        }
        else
        {
            Remember(() => Conflict(against.Name, _catalog.Versions(against.Name)));
        }

        _chosen.Remove(name);
        foreach (PackageNeed need in needs)
            _required[need.Name].RemoveAt(_required[need.Name].Count - 1);
        return false;
    }

    private void Require(Requirement requirement)
    {
        if (!_required.TryGetValue(requirement.Need.Name, out List<Requirement>? all))
            _required[requirement.Need.Name] = all = [];
        all.Add(requirement);
    }

    private bool Fits(string name, PackageEdition edition) => _required[name].TrueForAll(requirement => requirement.Need.Range.Contains(edition.Declaration.Version));

    // The conflict that came when most was chosen says most.
    private void Remember(Func<PantryException> conflict)
    {
        if (_chosen.Count <= _deepest)
            return;
        _deepest = _chosen.Count;
        _conflict = conflict();
    }

    private PantryException Unknown(string name)
    {
        string? nearest = NearestName.Of(name, _catalog.PackageNames);
        return new PantryException(PantryErrorCode.NoMatchingPackage,
            $"There is no package '{name}', which {Who(name)}. {(nearest is null ? "Publish it with Publish-PantryPackage." : $"Did you mean '{nearest}'? Otherwise publish it with Publish-PantryPackage.")}")
        { Target = name };
    }

    private PantryException Conflict(string name, IReadOnlyList<PackageEdition> versions) => new(PantryErrorCode.PackageConflict,
        $"No version of the package '{name}' will do: {string.Join(", and ", _required[name].Select(requirement => requirement.ToString()).Distinct())}. There are {Listed(versions)}. Change a range, or publish a version that fits.")
    { Target = name };

    private string Who(string name) => string.Join(", and ", _required[name].Select(requirement => $"{requirement.By} needs").Distinct());

    private static string Listed(IReadOnlyList<PackageEdition> versions)
    {
        const int most = 8;
        string newest = string.Join(", ", versions.Take(most).Select(edition => edition.Declaration.Version));
        return versions.Count > most ? $"{newest} and {versions.Count - most:N0} older ones" : newest;
    }

    private List<PackageEdition> Ordered(IReadOnlyList<Requirement> wanted)
    {
        var ordered = new List<PackageEdition>();
        var done = new HashSet<string>(Names.Comparer);
        foreach (Requirement requirement in wanted)
            Visit(requirement.Need.Name, []);
        return ordered;

        void Visit(string name, List<string> path)
        {
            if (path.FindIndex(above => Names.Same(above, name)) is >= 0 and int from)
            {
                throw new PantryException(PantryErrorCode.PackageConflict,
                    $"The packages depend on each other in a ring, so none can come first: {string.Join(" needs ", path.Skip(from).Append(name))}. Publish a version of one of them without that dependency.")
                { Target = name };
            }

            if (!done.Contains(name))
            {
                path.Add(name);
                foreach (PackageNeed need in _chosen[name].Declaration.Dependencies)
                    Visit(need.Name, path);
                path.RemoveAt(path.Count - 1);
                done.Add(name);
                ordered.Add(_chosen[name]);
            }
        }
    }
}
