using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>Applications' documents with all their revisions. What was once there stays in the history, also when the application is removed.</summary>
internal sealed class ApplicationStore
{
    private const string Newest = """
        SELECT * FROM applications AS one WHERE revision = (SELECT max(revision) FROM applications WHERE name = one.name) ORDER BY name
        """;

    private readonly SqliteFile _file;
    private readonly Lock _changing = new();
    private volatile IReadOnlyDictionary<string, StoredRevision> _newest;

    public ApplicationStore(SqliteFile file)
    {
        _file = file;
        _newest = file.Read(Newest, StoredRevision.Read).ToDictionary(revision => revision.Name, Names.Comparer);
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

    /// <summary>All revisions, the newest first.</summary>
    public IEnumerable<StoredRevision> History(string name) => _file.Read(
        "SELECT * FROM applications WHERE name = $name ORDER BY revision DESC", StoredRevision.Read, ("$name", name));

    /// <summary>Adds a revision.</summary>
    /// <param name="revision">The revision; its number must be the one after the newest.</param>
    /// <exception cref="PantryException">Another one came first (ApplicationChanged), or the disk failed.</exception>
    public void Add(StoredRevision revision)
    {
        lock (_changing)
        {
            RequireNext(revision.Name, revision.Revision - 1);
            _file.Write(connection => connection.Run("""
                INSERT INTO applications (name, revision, change, document, changed_at, changed_by)
                VALUES ($name, $revision, $change, $document, $changed_at, $changed_by)
                """,
                ("$name", revision.Name), ("$revision", revision.Revision), ("$change", revision.Change.ToString()), ("$document", revision.Document),
                ("$changed_at", revision.ChangedAt), ("$changed_by", revision.ChangedBy)));
            _newest = new Dictionary<string, StoredRevision>(_newest, Names.Comparer) { [revision.Name] = revision };
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

    private static string Did(ApplicationChange change) => change switch
    {
        ApplicationChange.Created => "made",
        ApplicationChange.Removed => "removed",
        ApplicationChange.Restored => "restored",
        _ => "changed",
    };
}
