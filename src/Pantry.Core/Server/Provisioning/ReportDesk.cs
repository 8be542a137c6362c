using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Provisioning.Resolution;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server.Provisioning;

/// <summary>Reports as operators look for them: those of clients that they may provision, an administrator all.</summary>
internal sealed class ReportDesk(ReportStore store, ReportTaker taker, ClientRegistry registry, PlanDesk plans, PantryOptions options)
{
    /// <summary>Reports that match, the newest first.</summary>
    /// <exception cref="PantryException">A pattern is none, or the disk failed.</exception>
    public IEnumerable<ReportEntry> List(ReportFilter filter, OperatorEntry by)
    {
        // What a client was told is kept is there for whoever asks after that.
        taker.TakeAll();
        // Numbers first, and their texts by pages: no read goes on for as long as a console takes to print.
        List<StoredReport> found = [.. Find(filter, by)];
        var current = new Dictionary<string, IReadOnlyDictionary<string, string>?>(Names.Comparer);
        Func<ClientLabels, WrittenPlan> writer = plans.Writer();
        foreach (StoredReport[] page in found.Chunk(options.Provisioning.ReportPageSize))
        {
            IReadOnlyDictionary<long, ProvisionReport> texts = store.Texts(page.Select(report => report.Number));
            foreach (StoredReport report in page)
            {
                if (texts.TryGetValue(report.Number, out ProvisionReport? text))
                    yield return new ReportEntry(report.Client, report.Job, report.ReceivedAt, report.Drift, IsCurrent(report, current, writer), text);
            }
        }
    }

    private IEnumerable<StoredReport> Find(ReportFilter filter, OperatorEntry by)
    {
        NamePattern[] packages = [.. filter.Packages.Select(name => new NamePattern(name))], jobs = [.. filter.Jobs.Select(job => new NamePattern(job))];
        var clients = new ClientFilterMatch(filter.Clients);
        var wanted = new Dictionary<string, (bool Matches, bool MaySee, PublicKey? Key)>(Names.Comparer);
        var runs = new Dictionary<string, (string Job, int Count)>(Names.Comparer);
        foreach (StoredReport report in store.Heads(clients.Identities))
        {
            if (!wanted.TryGetValue(report.Client, out (bool Matches, bool MaySee, PublicKey? Key) client))
                wanted[report.Client] = client = Look(report.Client, filter.Clients, clients, by);
            // Whoever had the name before is nobody whom a scope covers.
            bool fits = client.Matches && (by.Administrator || (client.MaySee && client.Key!.Bytes.SequenceEqual(report.Key)))
                && (packages.Length == 0 || packages.Any(name => name.Matches(report.Package)))
                && (jobs.Length == 0 || jobs.Any(job => job.Matches(report.Job)))
                && (filter.Since is not { } since || report.ReceivedAt >= since)
                && (filter.Until is not { } until || report.ReceivedAt <= until);
            if (fits && IsAmongLast(report, filter.Last, runs) && (filter.Statuses.Count == 0 || filter.Statuses.Contains(report.Status)) && (!filter.Drift || report.Drift == true))
                yield return report;
        }
    }

    // A run may have several reports of a package, one for each step.
    private static bool IsAmongLast(StoredReport report, int? last, Dictionary<string, (string Job, int Count)> runs)
    {
        if (last is not { } most)
            return true;
        string which = $"{report.Client}\n{report.Package}";
        (string job, int count) = runs.GetValueOrDefault(which);
        if (job != report.Job)
            runs[which] = (report.Job, ++count);
        return count <= most;
    }

    // One that is gone has no labels any more, and only an administrator sees what it left.
    private (bool Matches, bool MaySee, PublicKey? Key) Look(string identity, ClientFilter filter, ClientFilterMatch clients, OperatorEntry by)
    {
        if (registry.Find(identity) is { } client)
            return (clients.Matches(client.Labels, client.Status), ProvisioningRights.MayPlan(by, client.Labels), client.Key);
        bool byNameAlone = filter is { Application: null, Environment: null, Role: null, Stream: null, Status: null };
        return (byNameAlone && clients.Matches(ClientLabels.Create(identity, null, null, null), ClientStatus.Offline), false, null);
    }

    private bool? IsCurrent(StoredReport report, Dictionary<string, IReadOnlyDictionary<string, string>?> known, Func<ClientLabels, WrittenPlan> writer)
    {
        if (!known.TryGetValue(report.Client, out IReadOnlyDictionary<string, string>? versions))
            known[report.Client] = versions = Versions(report.Client, writer);
        return versions is null ? null : versions.GetValueOrDefault(report.Package) == report.Version;
    }

    // Without a plan there is nothing to compare with.
    private Dictionary<string, string>? Versions(string identity, Func<ClientLabels, WrittenPlan> writer) =>
        registry.Find(identity) is { } client && PlanDesk.Try(writer, client.Labels).Plan is { } plan
            ? plan.Document.Packages.ToDictionary(package => package.Name, package => package.Version, Names.Comparer)
            : null;
}
