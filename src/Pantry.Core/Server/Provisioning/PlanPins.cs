using System.Collections.Concurrent;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Provisioning.Packages;
using Pantry.Provisioning.Resolution;
using Pantry.Security;
using Pantry.Server.Jobs;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>
/// Fixes what each target of a provisioning job gets: when the job is taken its plan is made anew, and must be one that the operator has signed. From then
/// on it stays, whatever becomes of the application, over restarts too.
/// </summary>
internal sealed class PlanPins(PlanDesk plans, PinStore store, JobDispatcher jobs, JobsAtWork atWork)
{
    // More documents than that at once begin anew.
    private const int MostRead = 1000;
    private const int MostNamed = 3;

    private readonly ConcurrentDictionary<string, HashSet<string>> _trees = new();

    /// <summary>What is fixed for a job before it is taken; null for one that does not provision.</summary>
    /// <exception cref="PantryException">A target's plan is none of those that were signed, or the order is none.</exception>
    public JobTerms? Fix(JobOrder order, IReadOnlyList<Recipient> recipients)
    {
        if (!order.Commands.All.Contains(ProvisionOrders.CommandName, StringComparer.OrdinalIgnoreCase))
            return null;
        if (ProvisionOrders.Read(order.Request.Arguments) is not { } signed || order.Statement.Command != ProvisionOrders.CommandName || order.Request.Target.Everyone
            || order.Request.Target.Streams.Count > 0 || order.Request.Target.Labels is not null)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument, "An order to provision names the plans that its operator signs, and its clients one by one; it is no step of another. Use Invoke-PantryProvision.");
        }

        var allowed = signed.Plans.ToHashSet(StringComparer.Ordinal);
        var refused = new Dictionary<string, CommandError>(Names.Comparer);
        var pinned = new Dictionary<string, string>(Names.Comparer);
        var documents = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var changed = new List<string>();
        Func<ClientLabels, WrittenPlan> writer = plans.Writer();
        foreach (Recipient recipient in recipients.Where(recipient => Scopes.Covers(order.By.Scopes, ProvisionOrders.CommandName, recipient.Labels)))
        {
            (WrittenPlan? plan, CommandError? fault) = PlanDesk.Try(writer, recipient.Labels);
            if (plan is null)
                refused[recipient.Identity] = fault!;
            else if (!allowed.Contains(plan.Digest))
                changed.Add(recipient.Identity);
            else
                (pinned[recipient.Identity], documents[plan.Digest]) = (plan.Digest, plan.Bytes);
        }

        if (changed.Count > 0)
            throw Changed(changed);
        string job = order.Statement.Job;
        return new JobTerms(refused, () => store.Add(job, pinned, documents), () => store.Remove([job]));
    }

    /// <summary>The document that was fixed for a client, while it is at work on the job.</summary>
    /// <exception cref="PantryException">It is not, or none was fixed.</exception>
    public byte[] Read(ClientRecord client, string job) =>
        atWork.Find(client.Key, client.Identity, job, ProvisionOrders.CommandName) is not null && store.Find(job, client.Identity) is { } pinned
            ? pinned.Document
            : throw new PantryException(PantryErrorCode.OutOfScope, $"No plan of job '{DisplayText.Clean(job, 80)}' is fixed for this client, or it is not at work on the job.");

    /// <summary>Whether a client that is at work on a job may have a tree for it.</summary>
    public bool MayRead(PublicKey key, string identity, ContentHash tree, string job) =>
        atWork.Find(key, identity, job, ProvisionOrders.CommandName) is not null && store.DigestOf(job, identity) is { } plan
        && TreesOf(plan, () => store.Find(job, identity)?.Document).Contains(tree.ToString());

    /// <summary>Trees that jobs which have not ended need.</summary>
    public IEnumerable<ContentHash> Wanted() => Open()
        .SelectMany(plan => TreesOf(plan.Digest, () => plan.Document)).Distinct().Select(digest => ContentHash.TryParse(digest, out ContentHash tree) ? tree : default);

    /// <summary>A job that has not ended and has a package in that version; null where there is none.</summary>
    public string? UserOf(PackageEdition edition) => OpenJobs().FirstOrDefault(job => store.Documents(job).Any(plan => WrittenPlan.Read(plan.Document).Document.Packages.Any(package =>
        Names.Same(package.Name, edition.Declaration.Name) && package.Version == edition.Declaration.Version.ToString())));

    /// <summary>Forgets the plans of jobs that have ended: nobody may read them any more.</summary>
    public void Prune()
    {
        string[] gone = [.. store.Jobs.Where(job => jobs.Find(job) is not { Ended: false })];
        if (gone.Length > 0)
            store.Remove(gone);
    }

    private IEnumerable<string> OpenJobs() => store.Jobs.Where(job => jobs.Find(job) is { Ended: false });

    private IEnumerable<(string Digest, byte[] Document)> Open() => OpenJobs().SelectMany(store.Documents);

    // The document is read where its trees are not known yet.
    private HashSet<string> TreesOf(string digest, Func<byte[]?> document)
    {
        if (_trees.Count >= MostRead)
            _trees.Clear();
        if (_trees.TryGetValue(digest, out HashSet<string>? known))
            return known;
        return document() is { } bytes ? _trees[digest] = [.. WrittenPlan.Read(bytes).Document.Packages.Select(package => package.Digest)] : [];
    }

    private static PantryException Changed(List<string> clients)
    {
        string who = $"{string.Join(", ", clients.Take(MostNamed).Select(client => $"'{client}'"))}{(clients.Count > MostNamed ? $" and {clients.Count - MostNamed:N0} more" : "")}";
        return new PantryException(PantryErrorCode.PlanChanged,
            $"The plan of {who} changed since it was made: the application, the packages or the client's labels did. Nothing was sent; run it again, and look at Get-PantryPlan before.")
        { Target = clients[0] };
    }
}
