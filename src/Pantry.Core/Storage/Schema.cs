namespace Pantry.Storage;

/// <summary>The schemas of a server's database, oldest first. One that was released is never changed; a change is a new one.</summary>
internal static class Schema
{
    private const string Trust = """
        CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE keys (
            key BLOB PRIMARY KEY CHECK (length(key) = 32),
            status TEXT NOT NULL,
            identity TEXT NOT NULL COLLATE NOCASE, application TEXT, environment TEXT, roles TEXT NOT NULL,
            claimed_identity TEXT, claimed_application TEXT, claimed_environment TEXT, claimed_roles TEXT,
            first_seen INTEGER NOT NULL, last_seen INTEGER,
            decided_at INTEGER, decided_by TEXT, came_from TEXT, enrollment TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX one_approved_key ON keys (identity) WHERE status = 'Approved';

        CREATE TABLE enrollments (
            id TEXT PRIMARY KEY, key BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
            identity TEXT, application TEXT, environment TEXT, roles TEXT NOT NULL,
            created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, created_by TEXT NOT NULL,
            used_at INTEGER, used_by BLOB
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE tokens (
            id TEXT PRIMARY KEY, hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
            pattern TEXT NOT NULL, application TEXT, environment TEXT, roles TEXT NOT NULL,
            created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, created_by TEXT NOT NULL,
            used_at INTEGER, used_by BLOB
        ) STRICT, WITHOUT ROWID;
        """;

    private const string Bundles = "CREATE TABLE bundles (serial INTEGER PRIMARY KEY, bundle BLOB NOT NULL) STRICT;";

    private const string Audit = """
        CREATE TABLE audit (
            sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL,
            actor TEXT NOT NULL, key TEXT, came_from TEXT, action TEXT NOT NULL, target TEXT, job TEXT,
            outcome TEXT NOT NULL, detail TEXT NOT NULL,
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE INDEX audit_by_time ON audit (at);
        CREATE INDEX audit_by_job ON audit (job) WHERE job IS NOT NULL;

        CREATE TABLE audit_checkpoints (sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, hash BLOB NOT NULL, signature BLOB NOT NULL) STRICT;
        """;

    private const string Withdrawals = """
        ALTER TABLE enrollments ADD COLUMN maker_key TEXT;
        ALTER TABLE enrollments ADD COLUMN root_key TEXT;
        ALTER TABLE enrollments ADD COLUMN withdrawn_at INTEGER;
        ALTER TABLE enrollments ADD COLUMN withdrawn_by TEXT;
        ALTER TABLE enrollments ADD COLUMN withdrawn_why TEXT;
        ALTER TABLE tokens ADD COLUMN maker_key TEXT;
        ALTER TABLE tokens ADD COLUMN root_key TEXT;
        ALTER TABLE tokens ADD COLUMN withdrawn_at INTEGER;
        ALTER TABLE tokens ADD COLUMN withdrawn_by TEXT;
        ALTER TABLE tokens ADD COLUMN withdrawn_why TEXT;
        """;

    public static IReadOnlyList<string> Migrations { get; } = [Trust, Bundles, Audit, Withdrawals];
}
