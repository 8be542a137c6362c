namespace Pantry.Storage;

/// <summary>The schemas of <c>provisioning.db</c>, oldest first. One that was released is never changed; a change is a new one.</summary>
internal static class ProvisioningSchema
{
    // The files of a package are content by its hash, beside the database; here is what names them.
    private const string Packages = """
        CREATE TABLE packages (
            name TEXT NOT NULL COLLATE NOCASE, version TEXT NOT NULL,
            kind TEXT NOT NULL, description TEXT, dependencies TEXT NOT NULL,
            digest TEXT NOT NULL CHECK (length(digest) = 64), files INTEGER NOT NULL, size INTEGER NOT NULL,
            published_at INTEGER NOT NULL, published_by TEXT NOT NULL,
            PRIMARY KEY (name, version)
        ) STRICT, WITHOUT ROWID;
        """;

    // A document is never changed: each change is a row of its own, and the newest one counts.
    private const string Applications = """
        CREATE TABLE applications (
            name TEXT NOT NULL COLLATE NOCASE, revision INTEGER NOT NULL CHECK (revision > 0),
            change TEXT NOT NULL, document TEXT NOT NULL,
            changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL,
            PRIMARY KEY (name, revision)
        ) STRICT, WITHOUT ROWID;
        """;

    // What was signed for each target of a job; a document is there once, however many share it.
    private const string Pins = """
        CREATE TABLE plans (digest TEXT PRIMARY KEY CHECK (length(digest) = 64), document BLOB NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE pins (
            job TEXT NOT NULL, identity TEXT NOT NULL COLLATE NOCASE, plan TEXT NOT NULL REFERENCES plans (digest),
            PRIMARY KEY (job, identity)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX pins_by_plan ON pins (plan);
        """;

    public static IReadOnlyList<string> Migrations { get; } = [Packages, Applications, Pins];
}
