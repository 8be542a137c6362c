using System.Globalization;
using Microsoft.Data.Sqlite;
using Pantry.Protocol;

namespace Pantry.Storage;

/// <summary>Live output as rows of the database.</summary>
internal static class PieceRows
{
    // What a body of a row's output has before it, as ByteLists writes it.
    private const int LengthBytes = 4;

    private const string Insert = """
        INSERT INTO pieces (job, target, sequence, stream, place, size, at, more, truncated, encoding, row, bytes)
        VALUES ($job, $target, $sequence, $stream, $place, $size, $at, $more, $truncated, $encoding, $row, $bytes)
        ON CONFLICT DO NOTHING
        """;

    /// <summary>How many pieces each target of a job has, and how many bytes they once had.</summary>
    public const string Counts = "SELECT target, max(sequence) + 1 AS pieces, sum(size) AS bytes FROM pieces WHERE job = (SELECT number FROM jobs WHERE id = $id) GROUP BY target";

    /// <summary>Adds a piece; false where it is there already.</summary>
    public static bool TryAdd(SqliteConnection connection, long job, NewPiece piece) => Add(connection, job, piece.Head, piece.Place, null, piece.Bytes);

    /// <summary>
    /// A target's row is there, under its number: pieces that are in its output are not kept a second time, and what its output has
    /// beyond them becomes the last pieces.
    /// </summary>
    /// <returns>How many pieces the target has now, and how many bytes were let go.</returns>
    public static (int Pieces, long Freed) Complete(SqliteConnection connection, long job, int target, ResultRow row, DateTimeOffset now)
    {
        List<Kept> kept = Read(connection, job, target);
        int[] covered = new int[OutputPiece.Streams], starts = Starts(row.Bodies);
        long freed = 0;
        foreach (Kept piece in kept)
        {
            covered[piece.Stream] = Math.Max(covered[piece.Stream], piece.Place + piece.Bytes.Length);
            if (piece.Bytes.Length == 0 || piece.Place > row.Body(piece.Stream).Length - piece.Bytes.Length
                || !row.Body(piece.Stream).AsSpan(piece.Place, piece.Bytes.Length).SequenceEqual(piece.Bytes))
            {
                continue;
            }

            connection.Run("UPDATE pieces SET bytes = NULL, row = $row, place = $place WHERE job = $job AND target = $target AND sequence = $sequence",
                ("$row", row.Number), ("$place", starts[piece.Stream] + piece.Place), ("$job", job), ("$target", target), ("$sequence", piece.Sequence));
            freed += piece.Bytes.Length;
        }

        int next = kept.Count == 0 ? 0 : kept[^1].Sequence + 1;
        bool cutShort = row.Result.Truncated && !kept.Exists(piece => piece.Truncated);
        // A record that its command did not end itself is ended before all else.
        for (int turn = 0; turn < OutputPiece.Streams; turn++)
        {
            int stream = kept is [.., { More: true } last] ? (last.Stream + turn) % OutputPiece.Streams : turn;
            next = AddRest(connection, job, target, next, stream, row, covered[stream], starts[stream], now);
        }

        if (cutShort)
        {
            int stream = row.Result.Format == BodyFormat.Clixml && row.Body(Result.StandardOutputBody).Length == 0 ? Result.OutputBody : Result.StandardOutputBody;
            Add(connection, job, new PieceHead(target, next++, stream, 0, now, false, true, null), covered[stream], null, []);
        }

        return (next, freed);
    }

    /// <summary>Reads pieces: of each target so many of those that there are from a sequence on.</summary>
    public static string Select(IEnumerable<(int Target, int From, int Count)> ranges) =>
        "SELECT p.*, coalesce(p.bytes, substr(r.output, p.place + 1, p.size), x'') AS content FROM ("
        + string.Join(" UNION ALL ", ranges.Select(range => string.Create(
            CultureInfo.InvariantCulture,
            $"SELECT * FROM (SELECT * FROM pieces WHERE job = (SELECT number FROM jobs WHERE id = $id) AND target = {range.Target} AND sequence >= {range.From} ORDER BY sequence LIMIT {range.Count})")))
        + ") p LEFT JOIN rows r ON r.job = p.job AND r.number = p.row";

    public static StoredPiece Read(SqliteDataReader reader)
    {
        byte[] bytes = reader.Bytes("content");
        return new StoredPiece(
            new PieceHead(
                Number(reader, "target"), Number(reader, "sequence"), Number(reader, "stream"), bytes.Length, reader.Time("at"), Number(reader, "more") != 0,
                Number(reader, "truncated") != 0, reader.TextOrNull("encoding")),
            bytes);
    }

    private static int AddRest(SqliteConnection connection, long job, int target, int next, int stream, ResultRow row, int covered, int start, DateTimeOffset now)
    {
        byte[] body = row.Body(stream);
        // What is no text and no records is for the row alone.
        if (stream == Result.OutputBody && row.Result.Format != BodyFormat.Clixml)
            return next;
        string? encoding = stream == Result.OutputBody ? null : row.Result.TextEncoding;
        for (int at = covered; at < body.Length;)
        {
            (int length, bool more) = OutputCut.Next(body.AsSpan(at), stream, patient: false);
            Add(connection, job, new PieceHead(target, next++, stream, length, now, more, false, encoding), start + at, row.Number, null);
            at += length;
        }

        return next;
    }

    private static bool Add(SqliteConnection connection, long job, PieceHead head, int place, int? row, byte[]? bytes) => connection.Run(
        Insert,
        ("$job", job), ("$target", head.Target), ("$sequence", head.Sequence), ("$stream", head.Stream), ("$place", place), ("$size", head.Size), ("$at", head.At),
        ("$more", head.More ? 1 : 0), ("$truncated", head.Truncated ? 1 : 0), ("$encoding", head.TextEncoding), ("$row", row), ("$bytes", bytes)) > 0;

    private static List<Kept> Read(SqliteConnection connection, long job, int target)
    {
        using SqliteCommand command = connection.Command("SELECT * FROM pieces WHERE job = $job AND target = $target ORDER BY sequence", ("$job", job), ("$target", target));
        using SqliteDataReader reader = command.ExecuteReader();
        var kept = new List<Kept>();
        while (reader.Read())
        {
            kept.Add(new Kept(
                Number(reader, "sequence"), Number(reader, "stream"), Number(reader, "place"), reader["bytes"] as byte[] ?? [], Number(reader, "more") != 0, Number(reader, "truncated") != 0));
        }

        return kept;
    }

    private static int[] Starts(IReadOnlyList<byte[]> bodies)
    {
        int[] starts = new int[OutputPiece.Streams];
        for (int stream = 0, at = 0; stream < starts.Length; stream++)
        {
            starts[stream] = at + LengthBytes;
            at += LengthBytes + (stream < bodies.Count ? bodies[stream].Length : 0);
        }

        return starts;
    }

    private static int Number(SqliteDataReader reader, string name) => (int)reader.GetInt64(reader.GetOrdinal(name));

    private sealed record Kept(int Sequence, int Stream, int Place, byte[] Bytes, bool More, bool Truncated);
}
