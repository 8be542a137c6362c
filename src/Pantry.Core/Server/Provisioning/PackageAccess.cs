using System.Collections.Concurrent;
using Pantry.Files;
using Pantry.Security;
using Pantry.Server.Files;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>
/// Who may have the files of packages: a client those that its plan names now, in those versions, and those of the plan that was fixed for a job while it is at work on that, and nothing else; an operator who works with
/// packages any package's. Whoever may publish may bring files.
/// </summary>
internal sealed class PackageAccess(ApplicationStore applications, PackageStore packages, PlanDesk plans, PlanPins pins, ClientRegistry registry) : ITreeGrants
{
    // More than that many kinds of clients at once begin anew.
    private const int MostKept = 20_000;

    private readonly ConcurrentDictionary<string, (object Applications, object Packages, HashSet<string> Digests)> _kept = new(Names.Comparer);

    /// <summary>By the labels that the client's key is approved for, not by what it says of itself.</summary>
    public bool MayRead(string identity, ContentHash tree) => registry.Find(identity) is { } client && MayRead(client.Labels, tree);

    public bool MayRead(PublicKey key, string identity, ContentHash tree, string job) => pins.MayRead(key, identity, tree, job);

    public bool MayRead(OperatorEntry by, ContentHash tree) => ProvisioningRights.MaySeePackages(by) && packages.Digests.Contains(tree.ToString());

    public bool MayBring(OperatorEntry by) => ProvisioningRights.MayPublishAny(by);

    /// <summary>Whether a client with these labels may have the files of a tree.</summary>
    /// <param name="client">The labels.</param>
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
        // Without a plan there is nothing that belongs to it.
        HashSet<string> digests = [.. PlanDesk.Try(plans.Writer(), client).Plan?.Document.Packages.Select(package => package.Digest) ?? []];
        _kept[key] = (documents, catalog, digests);
        return digests;
    }
}
