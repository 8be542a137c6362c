using System.Text;
using Pantry.Configuration;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>Applications' documents with their revisions. What was once there stays in the history, also when the application is removed, as long as there is room for it.</summary>
internal sealed class ApplicationStore
{
    private const string Newest = """
        SELECT * FROM applications AS one WHERE revision = (SELECT max(revision) FROM applications WHERE name = one.name) ORDER BY name
        """;

    private readonly SqliteFile _file;
    private readonly Lock _changing = new();
    private volatile IReadOnlyDictionary<string, StoredRevision> _newest;
    private long _bytes;

    public ApplicationStore(SqliteFile file)
    {
        _file = file;
        _newest = file.Read(Newest, StoredRevision.Read).ToDictionary(revision => revision.Name, Names.Comparer);
        _bytes = file.Read("SELECT coalesce(sum(octet_length(document)), 0) FROM applications", reader => reader.GetInt64(0)).First();
    }

    /// <summary>Another object after each change.</summary>
    public object Snapshot => _newest;

    /// <summary>The newest revision of each application that there ever was, also of those that were removed.</summary>
    public IEnumerable<StoredRevision> AllEver => _newest.Values.OrderBy(revision => revision.Name, Names.Comparer);

    /// <summary>The applications as they are now, by name.</summary>
    public IEnumerable<StoredRevision> All => AllEver.Where(revision => revision.Change != ApplicationChange.Removed);

    /// <summary>The application as it is now; null where there is none, or it was removed.</summary>
    public StoredRevision? Find(string name) => FindNewest(name) is { Change: not ApplicationChange.Removed } there ? there : null;

    /// <summary>The newest revision, even where it is the one that removed the application.</summary>
    public StoredRevision? FindNewest(string name) => _newest.GetValueOrDefault(name);

    public StoredRevision? Find(string name, int revision) => _file.Read(
        "SELECT * FROM applications WHERE name = $name AND revision = $revision", StoredRevision.Read, ("$name", name), ("$revision", revision)).FirstOrDefault();

    /// <summary>All revisions that are kept, the newest first.</summary>
    public IEnumerable<StoredRevision> History(string name) => _file.Read(
        "SELECT * FROM applications WHERE name = $name ORDER BY revision DESC", StoredRevision.Read, ("$name", name));

    /// <summary>Adds a revision; where the history is too large then, the oldest go.</summary>
    /// <param name="revision">The revision; its number must be the one after the newest.</param>
    /// <param name="limits">How many revisions are kept, and how many bytes of them.</param>
    /// <returns>What went.</returns>
    /// <exception cref="PantryException">Another one came first (ApplicationChanged), or the disk failed.</exception>
    public IReadOnlyList<DroppedRevisions> Add(StoredRevision revision, ProvisioningLimits limits)
    {
        lock (_changing)
        {
            RequireNext(revision.Name, revision.Revision - 1);
            long size = Encoding.UTF8.GetByteCount(revision.Document);
            List<(string Name, int Revision, long Size)> surplus = Surplus(revision, _bytes + size, limits);
            _file.Write(connection =>
            {
                connection.Run("""
                    INSERT INTO applications (name, revision, change, document, changed_at, changed_by)
                    VALUES ($name, $revision, $change, $document, $changed_at, $changed_by)
                    """,
                    ("$name", revision.Name), ("$revision", revision.Revision), ("$change", revision.Change.ToString()), ("$document", revision.Document),
                    ("$changed_at", revision.ChangedAt), ("$changed_by", revision.ChangedBy));
                foreach ((string name, int number, _) in surplus)
                    connection.Run("DELETE FROM applications WHERE name = $name AND revision = $revision", ("$name", name), ("$revision", number));
            });
            _bytes += size - surplus.Sum(one => one.Size);
            _newest = new Dictionary<string, StoredRevision>(_newest, Names.Comparer) { [revision.Name] = revision };
            return
            [
                .. surplus.GroupBy(one => one.Name, Names.Comparer).Select(some => new DroppedRevisions(some.Key, some.Min(one => one.Revision), some.Max(one => one.Revision), some.Count())),
            ];
        }
    }

    /// <summary>Refuses a change that does not begin from what is there now.</summary>
    /// <param name="name">The application.</param>
    /// <param name="basedOn">The revision that the change begins from; 0 where there should be none.</param>
    /// <exception cref="PantryException">It is another one (ApplicationChanged).</exception>
    public void RequireNext(string name, int basedOn)
    {
        StoredRevision? newest = FindNewest(name);
        if (basedOn == (newest?.Revision ?? 0))
            return;
        throw new PantryException(PantryErrorCode.ApplicationChanged, newest is null
            ? $"There is no application '{name}' that revision {basedOn} could be of."
            : $"The application '{newest.Name}' was {Did(newest.Change)} by '{newest.ChangedBy}' at {newest.ChangedAt:u}: it is in revision {newest.Revision}, and this change begins from revision {basedOn}. "
                + $"Compare-PantryApplication {newest.Name} -Revision {basedOn} shows what is different; make the change again from what is there now.")
        { Target = name };
    }

    // Those of the application that are too many, and the oldest of all that are too large together; never the newest of one.
    private List<(string Name, int Revision, long Size)> Surplus(StoredRevision added, long bytes, ProvisioningLimits limits)
    {
        List<(string Name, int Revision, long Size)> surplus = [.. Sizes("WHERE name = $name AND revision <= $last", ("$name", added.Name), ("$last", added.Revision - limits.RevisionsOfEach))];
        bytes -= surplus.Sum(one => one.Size);
        if (bytes <= limits.AllRevisionsBytes)
            return surplus;
        HashSet<(string, int)> gone = [.. surplus.Select(one => (one.Name, one.Revision))];
        foreach ((string Name, int Revision, long Size) old in Sizes("""
            AS one WHERE name = $name OR revision < (SELECT max(revision) FROM applications WHERE name = one.name) ORDER BY changed_at, name, revision
            """, ("$name", added.Name)))
        {
            if (bytes <= limits.AllRevisionsBytes)
                break;
            if (!gone.Add((old.Name, old.Revision)))
                continue;
            surplus.Add(old);
            bytes -= old.Size;
        }

        return surplus;
    }

    private IEnumerable<(string Name, int Revision, long Size)> Sizes(string which, params (string Name, object? Value)[] parameters) => _file.Read(
        $"SELECT name, revision, octet_length(document) AS size FROM applications {which}",
        reader => (reader.GetString(0), reader.GetInt32(1), reader.GetInt64(2)), parameters);

    private static string Did(ApplicationChange change) => change switch
    {
        ApplicationChange.Created => "made",
        ApplicationChange.Removed => "removed",
        ApplicationChange.Restored => "restored",
        _ => "changed",
    };
}

/// <summary>Revisions that are kept no longer.</summary>
/// <param name="Name">The application.</param>
/// <param name="First">The oldest of them.</param>
/// <param name="Last">The newest of them.</param>
/// <param name="Count">How many they are.</param>
internal sealed record DroppedRevisions(string Name, int First, int Last, int Count);
