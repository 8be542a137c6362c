using Microsoft.Data.Sqlite;

namespace Pantry.Storage;

/// <summary>
/// One SQLite file with one writer: what is written is on the disk when <see cref="Write{T}(Func{SqliteConnection, T})"/> returns, whole or not at
/// all. Readers have connections of their own and never wait for the writer.
/// </summary>
internal sealed class SqliteFile : IDisposable
{
    // FULL: a commit is on the disk when it returns, whatever happens to the machine then.
    private const string Synced = "PRAGMA synchronous = FULL;";

    // NORMAL: a commit is the operating system's when it returns, so that the end of the process loses nothing.
    private const string Unsynced = "PRAGMA synchronous = NORMAL;";

    private readonly Lock _writing = new();
    private readonly SqliteWriter _writer;
    private bool _synced = true;
    private bool _disposed;

    static SqliteFile() => SQLitePCL.Batteries_V2.Init();

    private SqliteFile(string path, SqliteWriter writer)
    {
        Path = path;
        _writer = writer;
    }

    public string Path { get; }

    /// <summary>Opens the file, or makes it, and brings it to the newest schema.</summary>
    /// <param name="path">Its directory is there and locked by the caller.</param>
    /// <param name="migrations">SQL of every schema so far; the file's schema is how many of them it has had.</param>
    /// <exception cref="PantryException">The file cannot be used; the message says why.</exception>
    public static SqliteFile Open(string path, IReadOnlyList<string> migrations)
    {
        OwnerOnly.EnsureFile(path);
        SqliteWriter? writer = null;
        try
        {
            writer = Connect(path, connection => new SqliteWriter(connection));

            Execute(writer, $"PRAGMA journal_mode = WAL; {Synced} PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;");
            Migrate(writer, path, migrations);
            return new SqliteFile(path, writer);
        }
        catch (SqliteException exception)
        {
            writer?.Dispose();
            throw StorageErrors.From(exception, path);
        }
        catch (PantryException)
        {
            writer?.Dispose();
            throw;
        }
    }

    /// <summary>Runs the work in a transaction of its own, one at a time; where it fails, nothing of it remains.</summary>
    /// <exception cref="PantryException">The disk or the file failed.</exception>
    public T Write<T>(Func<SqliteConnection, T> work) => Write(work, synced: true);

    /// <inheritdoc cref="Write{T}(Func{SqliteConnection, T})"/>
    public void Write(Action<SqliteConnection> work) => Write<object?>(connection =>
    {
        work(connection);
        return null;
    });

    /// <summary>
    /// The same, but what is written may be lost with the machine's power until the next write of the other kind, which
    /// brings all before it to the disk as well. Nothing is lost with the process, and never one write without those after it.
    /// </summary>
    /// <exception cref="PantryException">The disk or the file failed.</exception>
    public void WriteUnsynced(Action<SqliteConnection> work) => Write<object?>(
        connection =>
        {
            work(connection);
            return null;
        },
        synced: false);

    /// <summary>Lets the caller write where nobody else does at the moment; it never waits for its turn, only for the disk.</summary>
    /// <returns>What the work says; false where it was not done.</returns>
    public bool TryWriteNow(Func<bool> work)
    {
        if (!_writing.TryEnter())
            return false;
        try
        {
            return !_disposed && work();
        }
        finally
        {
            _writing.Exit();
        }
    }

    /// <summary>Reads rows as they come, of one moment. The connection is the enumeration's own.</summary>
    /// <exception cref="PantryException">The disk or the file failed.</exception>
    public IEnumerable<T> Read<T>(string sql, Func<SqliteDataReader, T> row, params (string Name, object? Value)[] parameters)
    {
        using SqliteConnection connection = Guarded(() => Connect(Path, text => new SqliteConnection(text)));
        Guarded(() => Execute(connection, "PRAGMA query_only = ON;"));
        using SqliteCommand command = connection.Command(sql, parameters);
        using SqliteDataReader reader = Guarded(command.ExecuteReader);
        while (Guarded(reader.Read))
            yield return Guarded(() => row(reader));
    }

    public void Dispose()
    {
        lock (_writing)
        {
            if (_disposed)
                return;
            _disposed = true;
            _writer.Dispose();
        }
    }

    private T Write<T>(Func<SqliteConnection, T> work, bool synced)
    {
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            try
            {
                // Never a prepared one: SQLite carries it out when it is compiled, and to run it again does nothing.
                if (_synced != synced)
                    Execute(_writer, synced ? Synced : Unsynced);
                _synced = synced;
                return _writer.Transact(work);
            }
            catch (SqliteException exception)
            {
                throw StorageErrors.From(exception, Path);
            }
        }
    }

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException exception)
        {
            throw StorageErrors.From(exception, Path);
        }
        catch (Exception exception) when (exception is FormatException or InvalidCastException or ArgumentException)
        {
            throw StorageErrors.Failed(Path, $"A row has a value that was not written by Pantry ({exception.Message}). Restore the file from a backup.", exception);
        }
    }

    private static T Connect<T>(string path, Func<string, T> make)
        where T : SqliteConnection
    {
        T connection = make(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false, DefaultTimeout = 5 }.ToString());
        try
        {
            connection.Open();
            Execute(connection, "PRAGMA busy_timeout = 5000; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;");
            return connection;
        }
        catch (SqliteException)
        {
            connection.Dispose();
            throw;
        }
    }

    private static void Migrate(SqliteConnection connection, string path, IReadOnlyList<string> migrations)
    {
        using SqliteCommand version = connection.Command("PRAGMA user_version");
        long schema = (long)version.ExecuteScalar()!;
        if (schema > migrations.Count)
        {
            throw StorageErrors.Failed(path,
                $"A newer Pantry wrote it: its schema is {schema}, and this version knows up to {migrations.Count}. Use the newer Pantry, or restore the backup from before the update.");
        }

        for (int next = (int)schema; next < migrations.Count; next++)
        {
            using SqliteTransaction transaction = connection.BeginTransaction(deferred: false);
            Execute(connection, $"{migrations[next]}; PRAGMA user_version = {next + 1};");
            transaction.Commit();
        }
    }

    private static int Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.Command(sql);
        return command.ExecuteNonQuery();
    }
}
