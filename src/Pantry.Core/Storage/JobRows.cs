using System.Text.Json;
using Microsoft.Data.Sqlite;
using Pantry.Protocol;
using Pantry.Security;

namespace Pantry.Storage;

/// <summary>Jobs, orders and rows as rows of the database.</summary>
internal static class JobRows
{
    public const string Open = "SELECT j.*, o.* FROM jobs j JOIN orders o ON o.job = j.number WHERE j.ended_at IS NULL ORDER BY j.number";

    public const string Heads = "SELECT job, number, client, status, canary, round_trip, result FROM rows WHERE job = $job ORDER BY number";

    public static long Insert(SqliteConnection connection, StoredJob job)
    {
        connection.Run("""
            INSERT INTO jobs (id, operator, operator_key, came_from, command, target, created_at, not_after, state, targets, names, live)
            VALUES ($id, $operator, $operator_key, $from, $command, $target, $created_at, $not_after, $state, $targets, $names, $live)
            """,
            ("$id", job.Id), ("$operator", job.Operator), ("$operator_key", job.OperatorKey), ("$from", job.From), ("$command", job.Command), ("$target", job.Target),
            ("$created_at", job.CreatedAt), ("$not_after", job.NotAfter), ("$state", job.State.ToString()), ("$targets", job.Targets.Count),
            ("$names", JsonSerializer.SerializeToUtf8Bytes([.. job.Targets], WireJson.Default.StringArray)), ("$live", job.IsLive ? 1 : 0));
        long number = (long)connection.Ask("SELECT last_insert_rowid()")!;
        StoredOrder order = job.Order!;
        SignedJob signed = order.Signed;
        connection.Run("""
            INSERT INTO orders (job, statement, signature, whom, arguments, secrets, entries, delivery, plan, keys)
            VALUES ($job, $statement, $signature, $whom, $arguments, $secrets, $entries, $delivery, $plan, $keys)
            """,
            ("$job", number), ("$statement", signed.Order.Statement), ("$signature", signed.Order.Signature),
            ("$whom", JsonSerializer.SerializeToUtf8Bytes(signed.Target, WireJson.Default.Target)), ("$arguments", signed.Arguments), ("$secrets", signed.Secrets),
            ("$entries", signed.Entries), ("$delivery", signed.DeliveryTimeout.Ticks),
            ("$plan", JsonSerializer.SerializeToUtf8Bytes(signed.Plan, WireJson.Default.RolloutPlan)), ("$keys", ToBytes(order.Keys)));
        return number;
    }

    /// <summary>Adds a row; false where its target has one already.</summary>
    public static bool TryInsert(SqliteConnection connection, long job, int number, StoredRow stored)
    {
        ResultRow row = stored.Row;
        bool added = connection.Run("""
            INSERT INTO rows (job, number, client, status, canary, round_trip, result, output)
            VALUES ($job, $number, $client, $status, $canary, $round_trip, $result, $output)
            ON CONFLICT (job, client) DO NOTHING
            """,
            ("$job", job), ("$number", number), ("$client", row.Client), ("$status", row.Result.Status.ToString()), ("$canary", stored.Canary ? 1 : 0),
            ("$round_trip", row.RoundTrip?.Ticks), ("$result", JsonSerializer.SerializeToUtf8Bytes(row.Result, WireJson.Default.Result)),
            ("$output", ByteLists.ToBytes(row.Bodies))) > 0;
        if (added && stored.ReportsOf is { } key)
        {
            connection.Run("INSERT INTO reports_due (job, row, key, dry_run) VALUES ($job, $row, $key, $dry_run)",
                ("$job", job), ("$row", number), ("$key", key.Bytes.ToArray()), ("$dry_run", stored.DryRun ? 1 : 0));
        }

        return added;
    }

    public static (long Number, StoredJob Job) Read(SqliteDataReader reader, bool withOrder) => (reader.GetInt64(reader.GetOrdinal("number")), new StoredJob
    {
        Id = reader.Text("id"),
        Operator = reader.Text("operator"),
        OperatorKey = reader.Bytes("operator_key"),
        From = reader.TextOrNull("came_from"),
        Command = reader.Text("command"),
        Target = reader.Text("target"),
        CreatedAt = reader.Time("created_at"),
        NotAfter = reader.Time("not_after"),
        State = Enum.Parse<PantryJobState>(reader.Text("state")),
        EndedAt = reader.TimeOrNull("ended_at"),
        Targets = Read(reader.Bytes("names"), WireJson.Default.StringArray),
        IsLive = reader.GetInt64(reader.GetOrdinal("live")) != 0,
        Order = withOrder ? ReadOrder(reader) : null,
    });

    public static JobInfo ReadInfo(SqliteDataReader reader) => new()
    {
        JobId = reader.Text("id"),
        Command = reader.Text("command"),
        Target = reader.Text("target"),
        Operator = reader.Text("operator"),
        State = Enum.Parse<PantryJobState>(reader.Text("state")),
        CreatedAt = reader.Time("created_at"),
        ValidUntil = reader.Time("not_after"),
        EndedAt = reader.TimeOrNull("ended_at"),
        Targets = (int)reader.GetInt64(reader.GetOrdinal("targets")),
    };

    public static StoredRow ReadHead(SqliteDataReader reader)
    {
        Result result = ReadResult(reader);
        TimeSpan? roundTrip = reader["round_trip"] is long ticks ? TimeSpan.FromTicks(ticks) : null;
        return new StoredRow(
            new ResultRow((int)reader.GetInt64(reader.GetOrdinal("number")), reader.Text("client"), roundTrip, result, []),
            reader.GetInt64(reader.GetOrdinal("canary")) != 0);
    }

    public static Result ReadResult(SqliteDataReader reader) => Read(reader.Bytes("result"), WireJson.Default.Result);

    private static StoredOrder ReadOrder(SqliteDataReader reader)
    {
        var signed = new SignedJob
        {
            Order = new SignedOrder(reader.Bytes("statement"), reader.Bytes("signature")),
            Target = Read(reader.Bytes("whom"), WireJson.Default.Target),
            Arguments = reader.Bytes("arguments"),
            Secrets = reader.Bytes("secrets"),
            Entries = reader.Bytes("entries"),
            DeliveryTimeout = TimeSpan.FromTicks(reader.GetInt64(reader.GetOrdinal("delivery"))),
            Plan = Read(reader.Bytes("plan"), WireJson.Default.RolloutPlan),
        };
        return new StoredOrder(signed, ToKeys(reader.Bytes("keys")), (int)reader.GetInt64(reader.GetOrdinal("begun")));
    }

    private static T Read<T>(byte[] json, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(json, type) ?? throw new FormatException("A part of a job is null.");
        }
        catch (JsonException exception)
        {
            throw new FormatException(exception.Message, exception);
        }
    }

    // A key of nothing but zeros is nobody's.
    private static byte[] ToBytes(IReadOnlyList<PublicKey?> keys)
    {
        byte[] bytes = new byte[keys.Count * PublicKey.Length];
        for (int i = 0; i < keys.Count; i++)
            keys[i]?.Bytes.CopyTo(bytes.AsSpan(i * PublicKey.Length));
        return bytes;
    }

    private static PublicKey?[] ToKeys(byte[] bytes) =>
        [.. bytes.Chunk(PublicKey.Length).Select(key => key.AsSpan().ContainsAnyExcept((byte)0) ? PublicKey.FromBytes(key) : null)];
}
