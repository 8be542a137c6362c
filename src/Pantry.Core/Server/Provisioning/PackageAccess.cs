using System.Collections.Concurrent;
using Pantry.Files;
using Pantry.Provisioning.Resolution;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>What clients may fetch: the files of the packages that their plan names now, in those versions, and nothing else.</summary>
internal sealed class PackageAccess(ApplicationStore applications, PackageStore packages, PlanDesk plans)
{
    // More than that many kinds of clients at once begin anew.
    private const int MostKept = 20_000;

    private readonly ConcurrentDictionary<string, (object Applications, object Packages, HashSet<string> Digests)> _kept = new(Names.Comparer);

    /// <summary>Whether the client may have the files of a tree.</summary>
    /// <param name="client">The labels that its key is approved for, not what it says of itself.</param>
    /// <param name="tree">Digest of the tree's manifest.</param>
    public bool MayRead(ClientLabels client, ContentHash tree) => DigestsOf(client).Contains(tree.ToString());

    private HashSet<string> DigestsOf(ClientLabels client)
    {
        string key = string.Join('\n', [client.Identity, client.Application ?? "", client.Environment ?? "", .. client.Roles]);
        (object documents, object catalog) = (applications.Snapshot, packages.Catalog);
        if (_kept.TryGetValue(key, out (object Applications, object Packages, HashSet<string> Digests) kept) && kept.Applications == documents && kept.Packages == catalog)
            return kept.Digests;
        if (_kept.Count >= MostKept)
            _kept.Clear();
        HashSet<string> digests = [.. Plan(client)?.Packages.Select(edition => edition.Digest) ?? []];
        _kept[key] = (documents, catalog, digests);
        return digests;
    }

    // Without a plan there is nothing that belongs to it.
    private ResolvedPlan? Plan(ClientLabels client)
    {
        try
        {
            return plans.Make(client);
        }
        catch (PantryException)
        {
            return null;
        }
    }
}
