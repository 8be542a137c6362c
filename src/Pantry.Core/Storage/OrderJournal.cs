using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>What a client's journal knows of an order.</summary>
internal enum JournalState
{
    /// <summary>It was begun; without an end, nobody knows what became of it.</summary>
    Begun,

    /// <summary>It was carried out, or failed.</summary>
    Ended,
}

/// <summary>
/// The orders a client has begun, so that it runs none twice, not even after a crash: <c>journal.db</c> in its directory,
/// made with the first order. When it is full of orders that may still come again, it refuses; it never forgets one of them.
/// </summary>
internal sealed class OrderJournal : IDisposable
{
    public const string FileName = "journal.db";
    private const int MaxJobLength = 128;

    private static readonly string[] Migrations =
    [
        """
        CREATE TABLE orders (job TEXT PRIMARY KEY, not_after INTEGER NOT NULL, ended INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE forgotten (only INTEGER PRIMARY KEY CHECK (only = 1), not_after INTEGER NOT NULL) STRICT;
        """,
        "CREATE TABLE results (job TEXT PRIMARY KEY, head BLOB NOT NULL, output BLOB NOT NULL) STRICT, WITHOUT ROWID;",
    ];

    private readonly Lock _gate = new();
    private readonly string _directory;
    private readonly StorageLimits _limits;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, Entry> _orders = [];

    // Those whose results stand in the file.
    private readonly HashSet<string> _unsent = [];

    private DirectoryLock? _lock;
    private SqliteFile? _file;
    private bool _disposed;

    // Orders valid no longer than this may have been forgotten.
    private DateTimeOffset _forgotten = DateTimeOffset.MinValue;

    private OrderJournal(string directory, StorageLimits limits, TimeProvider time)
    {
        _directory = directory;
        _limits = limits;
        _time = time;
    }

    /// <summary>Reads the journal of a directory; where there is none, it is made with the first order.</summary>
    /// <exception cref="PantryException">Another process has the directory (RootInUse), or the file is unfit for use.</exception>
    public static OrderJournal Open(string directory, StorageLimits? limits = null, TimeProvider? time = null)
    {
        var journal = new OrderJournal(directory, limits ?? new StorageLimits(), time ?? TimeProvider.System);
        if (File.Exists(Path.Combine(directory, FileName)))
            _ = journal.EnsureFile();
        return journal;
    }

    /// <summary>Notes that an order is begun. When this returns true, the note is on the disk.</summary>
    /// <param name="job">The order's job.</param>
    /// <param name="notAfter">Until when the order is valid.</param>
    /// <returns>
    /// False where the order is known, or may be: an order that is over for longer than the journal remembers counts as
    /// known, so that a clock set back lets none in again.
    /// </returns>
    /// <exception cref="PantryException">The journal is full (LimitReached), or the disk failed: the order must not be run.</exception>
    public bool TryBegin(string job, DateTimeOffset notAfter)
    {
        if (string.IsNullOrEmpty(job) || job.Length > MaxJobLength)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The id of a job has 1 to {MaxJobLength} characters.");
        lock (_gate)
        {
            SqliteFile file = EnsureFile();
            if (_orders.ContainsKey(job) || notAfter <= _forgotten)
                return false;
            if (_orders.Count >= _limits.JournalEntries && Prune(_time.GetUtcNow()) == 0)
            {
                throw new PantryException(PantryErrorCode.LimitReached,
                    $"The journal '{file.Path}' is full: it must remember {_orders.Count} orders that are valid or were until lately. Wait until some of them are over.")
                { Target = job };
            }

            file.Write(connection => connection.Run("INSERT INTO orders (job, not_after, ended) VALUES ($job, $not_after, 0)", ("$job", job), ("$not_after", notAfter)));
            _orders.Add(job, new Entry(notAfter, JournalState.Begun));
            return true;
        }
    }

    /// <summary>Notes that an order is over, and what came of it, until the server has that. One that is not known is left alone.</summary>
    /// <param name="job">The order's job.</param>
    /// <param name="head">The result, as it is sent.</param>
    /// <param name="bodies">Its output.</param>
    /// <exception cref="PantryException">The disk failed.</exception>
    public void End(string job, byte[] head, IReadOnlyList<byte[]> bodies)
    {
        lock (_gate)
        {
            if (!_orders.TryGetValue(job, out Entry? entry) || entry.State == JournalState.Ended)
                return;

            // That it was begun is what must not be lost; a power cut may take back that it is over.
            EnsureFile().WriteUnsynced(connection =>
            {
                connection.Run("UPDATE orders SET ended = 1 WHERE job = $job", ("$job", job));
                connection.Run("INSERT OR REPLACE INTO results (job, head, output) VALUES ($job, $head, $output)",
                    ("$job", job), ("$head", head), ("$output", ByteLists.ToBytes(bodies)));
            });
            _orders[job] = entry with { State = JournalState.Ended };
            _unsent.Add(job);
        }
    }

    /// <summary>The server has an order's result: it need not be kept.</summary>
    /// <exception cref="PantryException">The disk failed.</exception>
    public void Confirm(string job)
    {
        lock (_gate)
        {
            if (_unsent.Remove(job))
                EnsureFile().WriteUnsynced(connection => connection.Run("DELETE FROM results WHERE job = $job", ("$job", job)));
        }
    }

    /// <summary>Results that the server had not confirmed when this process began.</summary>
    /// <exception cref="PantryException">The disk failed.</exception>
    public IReadOnlyList<(string Job, byte[] Head, IReadOnlyList<byte[]> Bodies)> Unsent()
    {
        lock (_gate)
        {
            return _file is null ? []
                : [.. _file.Read("SELECT job, head, output FROM results", reader => (reader.Text("job"), reader.Bytes("head"), ByteLists.ToLists(reader.Bytes("output"))))];
        }
    }

    /// <summary>What is known of an order; null where nothing is.</summary>
    public JournalState? Find(string job)
    {
        lock (_gate)
            return _orders.GetValueOrDefault(job)?.State;
    }

    /// <summary>Forgets orders whose validity is over for longer than the journal remembers; how many.</summary>
    /// <exception cref="PantryException">The disk failed.</exception>
    public int Prune(DateTimeOffset now)
    {
        lock (_gate)
        {
            DateTimeOffset until = now - _limits.JournalKeep;
            string[] over = [.. _orders.Where(order => order.Value.NotAfter < until).Select(order => order.Key)];
            if (over.Length == 0)
                return 0;

            DateTimeOffset forgotten = over.Max(job => _orders[job].NotAfter);
            EnsureFile().Write(connection =>
            {
                connection.Run("DELETE FROM orders WHERE not_after < $until", ("$until", until));
                connection.Run("INSERT OR REPLACE INTO forgotten (only, not_after) VALUES (1, $not_after)", ("$not_after", forgotten));
            });
            foreach (string job in over)
                _orders.Remove(job);
            _forgotten = forgotten;
            return over.Length;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _file?.Dispose();
            _lock?.Dispose();
        }
    }

    private SqliteFile EnsureFile()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_file is not null)
            return _file;

        string directory = OwnerOnly.EnsureDirectory(_directory);
        DirectoryLock directoryLock = DirectoryLock.Take(directory, "journal");
        SqliteFile? file = null;
        try
        {
            file = SqliteFile.Open(Path.Combine(directory, FileName), Migrations);
            Load(file);
            _lock = directoryLock;
            return _file = file;
        }
        catch (PantryException)
        {
            file?.Dispose();
            directoryLock.Dispose();
            throw;
        }
    }

    private void Load(SqliteFile file)
    {
        foreach ((string job, Entry entry) in file.Read("SELECT job, not_after, ended FROM orders", Row))
            _orders[job] = entry;
        _unsent.UnionWith(file.Read("SELECT job FROM results", reader => reader.GetString(0)));
        foreach (DateTimeOffset forgotten in file.Read("SELECT not_after FROM forgotten", reader => reader.Time("not_after")))
            _forgotten = forgotten;
    }

    private static (string Job, Entry Entry) Row(SqliteDataReader reader) =>
        (reader.Text("job"), new Entry(reader.Time("not_after"), reader.GetInt64(2) == 0 ? JournalState.Begun : JournalState.Ended));

    private sealed record Entry(DateTimeOffset NotAfter, JournalState State);
}
