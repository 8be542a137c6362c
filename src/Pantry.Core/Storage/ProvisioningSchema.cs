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

    // Reports are apart from what is asked about them: lists of a million read no report. A baseline is what a client has had with success, and
    // nothing else since: it is there however many reports were removed.
    private const string Reports = """
        CREATE TABLE reports (
            number INTEGER PRIMARY KEY,
            client TEXT NOT NULL COLLATE NOCASE, key BLOB NOT NULL CHECK (length(key) = 32), job TEXT NOT NULL, place INTEGER NOT NULL,
            package TEXT NOT NULL COLLATE NOCASE, version TEXT NOT NULL, status TEXT NOT NULL, drift INTEGER,
            received_at INTEGER NOT NULL, size INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX one_report_a_place ON reports (job, client, place);
        CREATE INDEX reports_by_package ON reports (client, package, number);
        CREATE INDEX reports_by_age ON reports (received_at);

        CREATE TABLE report_texts (
            number INTEGER PRIMARY KEY REFERENCES reports (number) ON DELETE CASCADE, report BLOB NOT NULL
        ) STRICT;

        CREATE TABLE baselines (
            client TEXT NOT NULL COLLATE NOCASE, package TEXT NOT NULL COLLATE NOCASE, place INTEGER NOT NULL,
            key BLOB NOT NULL, version TEXT NOT NULL, kind TEXT NOT NULL, plan TEXT NOT NULL,
            PRIMARY KEY (client, package, place)
        ) STRICT, WITHOUT ROWID;
        """;

    public static IReadOnlyList<string> Migrations { get; } = [Packages, Applications, Pins, Reports];
}
