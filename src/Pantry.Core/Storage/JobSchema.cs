namespace Pantry.Storage;

/// <summary>The schemas of <c>jobs.db</c>, oldest first. One that was released is never changed; a change is a new one.</summary>
internal static class JobSchema
{
    // What is needed to carry a job out is apart, and goes when the job has ended; a row's output is last, where listing rows does not read it.
    private const string Jobs = """
        CREATE TABLE jobs (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
            operator TEXT NOT NULL, operator_key BLOB NOT NULL, came_from TEXT,
            command TEXT NOT NULL, target TEXT NOT NULL, created_at INTEGER NOT NULL, not_after INTEGER NOT NULL,
            state TEXT NOT NULL, ended_at INTEGER, targets INTEGER NOT NULL, names BLOB NOT NULL,
            rows INTEGER NOT NULL DEFAULT 0, bytes INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX jobs_open ON jobs (number) WHERE ended_at IS NULL;
        CREATE INDEX jobs_by_end ON jobs (ended_at) WHERE ended_at IS NOT NULL;

        CREATE TABLE orders (
            job INTEGER PRIMARY KEY REFERENCES jobs (number) ON DELETE CASCADE,
            statement BLOB NOT NULL, signature BLOB NOT NULL, whom BLOB NOT NULL, arguments BLOB NOT NULL, secrets BLOB NOT NULL, entries BLOB NOT NULL,
            delivery INTEGER NOT NULL, plan BLOB NOT NULL, keys BLOB NOT NULL, begun INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        CREATE TABLE rows (
            job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE, number INTEGER NOT NULL,
            client TEXT NOT NULL COLLATE NOCASE, status TEXT NOT NULL, canary INTEGER NOT NULL, round_trip INTEGER, result BLOB NOT NULL, output BLOB NOT NULL,
            PRIMARY KEY (job, number)
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX one_row_a_target ON rows (job, client);
        """;

    // Live output. Once a target has its row, its pieces are places in that row's output, and their bytes are not kept twice.
    private const string Pieces = """
        ALTER TABLE jobs ADD COLUMN live INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE pieces (
            job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE, target INTEGER NOT NULL, sequence INTEGER NOT NULL,
            stream INTEGER NOT NULL, place INTEGER NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL,
            more INTEGER NOT NULL, truncated INTEGER NOT NULL, encoding TEXT, row INTEGER, bytes BLOB,
            PRIMARY KEY (job, target, sequence)
        ) STRICT, WITHOUT ROWID;
        """;

    // Rows whose provisioning reports are still to be taken into the other database, and the keys of their clients; in the order in which the rows
    // came, for jobs overlap, and what a client says last is how it is.
    private const string Reports = """
        CREATE TABLE reports_due (
            arrival INTEGER PRIMARY KEY, job INTEGER NOT NULL, row INTEGER NOT NULL, key BLOB NOT NULL CHECK (length(key) = 32), dry_run INTEGER NOT NULL,
            UNIQUE (job, row), FOREIGN KEY (job, row) REFERENCES rows (job, number) ON DELETE CASCADE
        ) STRICT;
        """;

    public static IReadOnlyList<string> Migrations { get; } = [Jobs, Pieces, Reports];
}
