using Pantry.Protocol;

namespace Pantry.Storage;

/// <summary>What is read of jobs beside the task that writes, and what of them is removed.</summary>
internal sealed partial class JobStore
{
    /// <summary>Jobs that have not ended, with their orders and the heads of their rows.</summary>
    public IReadOnlyList<StoredJob> LoadOpen() =>
        [.. _file.Read(JobRows.Open, reader => JobRows.Read(reader, withOrder: true)).ToList().Select(read => read.Job with { Rows = Heads(read.Number) })];

    /// <summary>A job with the heads of its rows, without its order; null where there is none.</summary>
    public StoredJob? Load(string id) => _file.Read("SELECT * FROM jobs WHERE id = $id", reader => JobRows.Read(reader, withOrder: false), ("$id", id)).ToList() is [var read]
        ? read.Job with { Rows = Heads(read.Number) }
        : null;

    /// <summary>Jobs from the newest on, without the counts of their rows.</summary>
    /// <param name="operatorKey">Those of one operator; null for all.</param>
    /// <param name="id">One job by its id; null for all.</param>
    public IEnumerable<JobInfo> List(byte[]? operatorKey, string? id) => _file.Read(
        "SELECT * FROM jobs WHERE ($key IS NULL OR operator_key = $key) AND ($id IS NULL OR id = $id) ORDER BY number DESC", JobRows.ReadInfo,
        ("$key", operatorKey), ("$id", id));

    /// <summary>How many rows of a job ended in which way.</summary>
    public IReadOnlyDictionary<string, int> Counts(string id) => _file.Read(
        "SELECT status, count(*) AS count FROM rows WHERE job = (SELECT number FROM jobs WHERE id = $id) GROUP BY status",
        reader => (Status: reader.GetString(0), Count: (int)reader.GetInt64(1)), ("$id", id)).ToDictionary(row => row.Status, row => row.Count);

    /// <summary>The output of a row: standard output, standard error, output; nothing where the job is gone.</summary>
    public IReadOnlyList<byte[]> Output(string id, int number) => _file.Read(
        "SELECT output FROM rows WHERE job = (SELECT number FROM jobs WHERE id = $id) AND number = $number",
        reader => ByteLists.ToLists(reader.Bytes("output")), ("$id", id), ("$number", number)).FirstOrDefault() ?? [];

    /// <summary>How many pieces of live output each target has, by its place among the job's, and how many bytes they have.</summary>
    public IReadOnlyList<(int Target, int Pieces, long Bytes)> CountPieces(string id) =>
        [.. _file.Read(PieceRows.Counts, reader => ((int)reader.GetInt64(0), (int)reader.GetInt64(1), reader.GetInt64(2)), ("$id", id))];

    /// <summary>Pieces of live output: of each target so many of those that there are from a sequence on, in any order.</summary>
    public IReadOnlyList<StoredPiece> Pieces(string id, IReadOnlyList<(int Target, int From, int Count)> ranges) =>
        ranges.Count == 0 ? [] : [.. _file.Read(PieceRows.Select(ranges), PieceRows.Read, ("$id", id))];

    /// <summary>Removes jobs that ended before a moment, and then the oldest until what is left has fewer bytes of output than the limit; how many.</summary>
    /// <exception cref="PantryException">The disk failed.</exception>
    public int Prune(DateTimeOffset before)
    {
        int removed = _file.Write(connection => connection.Run("DELETE FROM jobs WHERE ended_at < $before", ("$before", before)));
        long bytes = _file.Read("SELECT coalesce(sum(bytes), 0) AS bytes FROM jobs", reader => reader.GetInt64(0)).First();
        while (bytes > _limits.JobBytes
            && _file.Read("SELECT number, bytes FROM jobs WHERE ended_at IS NOT NULL ORDER BY ended_at LIMIT 1", reader => (reader.GetInt64(0), reader.GetInt64(1))).ToList() is [var (oldest, freed)])
        {
            removed += _file.Write(connection => connection.Run("DELETE FROM jobs WHERE number = $number", ("$number", oldest)));
            bytes -= freed;
        }

        return removed;
    }

    private IReadOnlyList<StoredRow> Heads(long number) => [.. _file.Read(JobRows.Heads, JobRows.ReadHead, ("$job", number))];
}
