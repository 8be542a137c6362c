using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>Audit records and checkpoints as rows of the database.</summary>
internal static class AuditRows
{
    // A checkpoint stays for every so many records, and the newest; so they neither grow with the batches nor are few.
    private const int CheckpointSpan = 1000;

    /// <summary>Every record with its hash and, where there is one, the checkpoint of its place.</summary>
    public const string Chain = """
        SELECT audit.*, c.at AS c_at, c.hash AS c_hash, c.signature AS c_signature
        FROM audit LEFT JOIN audit_checkpoints c ON c.sequence = audit.sequence ORDER BY audit.sequence
        """;

    public const string Tail = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1";

    public const string NewestCheckpoint = "SELECT * FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1";

    public static (string Sql, (string, object?)[] Parameters) Select(AuditQuery filter, bool newest)
    {
        string sql = $"""
            SELECT * FROM audit WHERE ($from IS NULL OR at >= $from) AND ($to IS NULL OR at <= $to) {(filter.Job is null ? "" : "AND job = $job")}
            ORDER BY sequence {(newest ? "DESC" : "ASC")}
            """;
        return (sql, [("$from", filter.From), ("$to", filter.To), .. filter.Job is null ? ((string, object?)[])[] : [("$job", filter.Job)]]);
    }

    public static AuditRecord Read(SqliteDataReader reader) => new(
        reader.GetInt64(0), reader.Time("at"), reader.Text("actor"), reader.TextOrNull("key"), reader.TextOrNull("came_from"),
        reader.Text("action"), reader.TextOrNull("target"), reader.TextOrNull("job"), reader.Text("outcome"), reader.Text("detail"));

    public static AuditCheckpoint ReadCheckpoint(SqliteDataReader reader, string network) =>
        new(network, reader.GetInt64(0), reader.Bytes("hash"), reader.Time("at"), reader.Bytes("signature"));

    public static AuditCheckpoint? ReadJoinedCheckpoint(SqliteDataReader reader, string network) => reader.BytesOrNull("c_hash") is { } hash
        ? new AuditCheckpoint(network, reader.GetInt64(0), hash, reader.Time("c_at"), reader.Bytes("c_signature"))
        : null;

    public static void Insert(SqliteConnection connection, IEnumerable<(AuditRecord Record, byte[] Hash)> records)
    {
        foreach ((AuditRecord record, byte[] hash) in records)
        {
            connection.Run("""
                INSERT INTO audit (sequence, at, actor, key, came_from, action, target, job, outcome, detail, hash)
                VALUES ($sequence, $at, $actor, $key, $from, $action, $target, $job, $outcome, $detail, $hash)
                """,
                ("$sequence", record.Sequence), ("$at", record.At), ("$actor", record.Actor), ("$key", record.Key),
                ("$from", record.From), ("$action", record.Action), ("$target", record.Target), ("$job", record.Job),
                ("$outcome", record.Outcome), ("$detail", record.Detail), ("$hash", hash));
        }
    }

    /// <summary>Adds a checkpoint and drops the one before it, unless that is the last of its span.</summary>
    public static void Insert(SqliteConnection connection, AuditCheckpoint checkpoint, long previous)
    {
        if (previous / CheckpointSpan == checkpoint.Sequence / CheckpointSpan)
            connection.Run("DELETE FROM audit_checkpoints WHERE sequence = $sequence", ("$sequence", previous));
        connection.Run("INSERT INTO audit_checkpoints (sequence, at, hash, signature) VALUES ($sequence, $at, $hash, $signature)",
            ("$sequence", checkpoint.Sequence), ("$at", checkpoint.At), ("$hash", checkpoint.Hash), ("$signature", checkpoint.Signature));
    }
}
