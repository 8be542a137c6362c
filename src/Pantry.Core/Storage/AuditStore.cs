using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using Pantry.Security;

namespace Pantry.Storage;

/// <summary>
/// The audit log on the disk: records and checkpoints in the database, the newest checkpoint in a file beside it as well,
/// so that cutting the end off the one shows in the other. Used by one thread at a time, but for what only reads.
/// </summary>
internal sealed class AuditStore : IDisposable
{
    public const string CheckpointFileName = "audit.checkpoint";
    private const int MaxCheckpointBytes = 4096;

    private readonly ServerDatabase _database;
    private readonly SigningKey _key;

    private (long Sequence, byte[] Hash) _tail;

    private AuditStore(ServerDatabase database, SigningKey key)
    {
        _database = database;
        _key = key;
        CheckpointPath = Path.Combine(database.RootDirectory, CheckpointFileName);
    }

    public string CheckpointPath { get; }

    public string Network => _database.Network;

    public VerifyKey PublicKey => _key.PublicKey;

    /// <summary>Opens the log, and looks whether its end is what was signed last.</summary>
    /// <param name="database">Where it is.</param>
    /// <param name="checkpointMissing">Whether there are records but no checkpoint's file, which only a crash explains.</param>
    /// <exception cref="PantryException">The log, its checkpoint and its key do not belong together.</exception>
    public static AuditStore Open(ServerDatabase database, out bool checkpointMissing)
    {
        string keys = OwnerOnly.EnsureDirectory(Path.Combine(database.RootDirectory, "keys"));
        var store = new AuditStore(database, SigningKeyFile.LoadOrCreate(
            Path.Combine(keys, "audit.key"), null, "Bring the file back from a copy of the root directory: what is in the audit log was signed with it."));
        try
        {
            foreach (string leftover in Directory.EnumerateFiles(database.RootDirectory, $"{CheckpointFileName}.*.tmp"))
                File.Delete(leftover);
            store.LoadTail();
            AuditCheckpoint? onFile = store.ReadCheckpointFile();
            checkpointMissing = onFile is null && store._tail.Sequence > 0;
            if (store.FaultOfEnd(onFile) is { } fault)
            {
                throw StorageErrors.Failed(database.File.Path,
                    $"The audit log does not fit what was signed: {fault} Keep a copy of the directory as evidence, then restore '{ServerDatabase.FileName}', '{CheckpointFileName}' and 'keys' from one backup.");
            }

            return store;
        }
        catch (Exception exception)
        {
            store.Dispose();
            if (!StorageErrors.IsOfDisk(exception))
                throw;
            throw StorageErrors.Failed(store.CheckpointPath, exception.Message, exception);
        }
    }

    /// <summary>Writes entries and a checkpoint after them in one transaction; all of them or none.</summary>
    /// <param name="entries">The entries.</param>
    /// <param name="now">The time.</param>
    /// <param name="synced">Whether they are on the disk when this returns; else they are after the next time, or after <see cref="Sync"/>.</param>
    /// <exception cref="PantryException">The disk failed; nothing was written.</exception>
    public AuditCheckpoint Append(IReadOnlyList<(DateTimeOffset At, AuditEvent Entry)> entries, DateTimeOffset now, bool synced)
    {
        (long sequence, byte[] hash) = _tail;
        var records = new List<(AuditRecord, byte[])>(entries.Count);
        foreach ((DateTimeOffset at, AuditEvent entry) in entries)
        {
            AuditRecord record = AuditChain.Record(++sequence, at, entry);
            hash = AuditChain.Next(hash, record);
            records.Add((record, hash));
        }

        var checkpoint = AuditCheckpoint.Sign(Network, sequence, hash, now, _key);
        try
        {
            Action<Action<SqliteConnection>> write = synced ? _database.File.Write : _database.File.WriteUnsynced;
            write(connection =>
            {
                AuditRows.Insert(connection, records);
                AuditRows.Insert(connection, checkpoint, _tail.Sequence);
            });
        }
        catch (PantryException)
        {
            // A disk that fails while it syncs may have written all the same.
            TryLoadTail();
            throw;
        }

        _tail = (sequence, hash);
        return checkpoint;
    }

    /// <inheritdoc cref="SqliteFile.TryWriteNow"/>
    public bool TryWriteNow(Func<bool> work) => _database.File.TryWriteNow(work);

    /// <summary>Brings to the disk what was written without waiting for it.</summary>
    /// <exception cref="PantryException">The disk failed.</exception>
    public void Sync() =>
        // A commit syncs all before it, but only one that changes something.
        _database.File.Write(connection => connection.Run(
            "INSERT OR REPLACE INTO facts (name, value) VALUES ('audit_synced', $mark)", ("$mark", RandomNumberGenerator.GetHexString(16))));

    /// <exception cref="PantryException">The file cannot be written.</exception>
    public void WriteCheckpointFile(AuditCheckpoint checkpoint)
    {
        try
        {
            PrivateFile.Replace(CheckpointPath, checkpoint.ToBytes());
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.Failed(CheckpointPath, exception.Message, exception);
        }
    }

    /// <summary>The checkpoint in the file; null where there is no file.</summary>
    /// <exception cref="PantryException">It is no checkpoint, or others could have changed it.</exception>
    public AuditCheckpoint? ReadCheckpointFile()
    {
        try
        {
            return AuditCheckpoint.TryParse(PrivateFile.Read(CheckpointPath, MaxCheckpointBytes))
                ?? throw StorageErrors.Failed(CheckpointPath, "It is no checkpoint of an audit log. Restore it from a backup.");
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.Failed(CheckpointPath, exception.Message, exception);
        }
    }

    public AuditCheckpoint? NewestCheckpoint() =>
        _database.File.Read(AuditRows.NewestCheckpoint, reader => AuditRows.ReadCheckpoint(reader, Network)).FirstOrDefault();

    /// <summary>Every record with its hash and the checkpoint of its place, oldest first, of one moment.</summary>
    public IEnumerable<(AuditRecord Record, byte[] Hash, AuditCheckpoint? Checkpoint)> Chain() => _database.File.Read(
        AuditRows.Chain, reader => (AuditRows.Read(reader), reader.Bytes("hash"), AuditRows.ReadJoinedCheckpoint(reader, Network)));

    public IEnumerable<AuditRecord> Query(AuditQuery filter)
    {
        Func<AuditRecord, bool> patterns = filter.Patterns();
        (string sql, (string, object?)[] parameters) = AuditRows.Select(filter, filter.Newest || filter.Last is not null);
        IEnumerable<AuditRecord> records = _database.File.Read(sql, AuditRows.Read, parameters).Where(patterns);
        if (filter.Last is { } last)
            records = records.Take(last);
        return filter.Newest || filter.Last is null ? records : records.Reverse();
    }

    public void Dispose() => _key.Dispose();

    private string? FaultOfEnd(AuditCheckpoint? onFile)
    {
        AuditCheckpoint? newest = NewestCheckpoint();
        if (newest is null)
            return _tail.Sequence == 0 && onFile is null ? null : $"it has {_tail.Sequence} records, and no checkpoint.";
        if (!newest.IsSignedBy(PublicKey))
            return "its newest checkpoint is not signed with the key in 'keys/audit.key'.";
        if (newest.Sequence != _tail.Sequence || !newest.Hash.AsSpan().SequenceEqual(_tail.Hash))
            return $"it ends with record {_tail.Sequence}, its newest checkpoint is of record {newest.Sequence}.";
        if (onFile is null)
            return null;
        if (onFile.Network != Network || !onFile.IsSignedBy(PublicKey))
            return $"the checkpoint in '{CheckpointPath}' is of another log, or not signed with the key in 'keys/audit.key'.";
        if (onFile.Sequence > _tail.Sequence)
            return $"it ends with record {_tail.Sequence}, and the checkpoint in '{CheckpointPath}' is of record {onFile.Sequence}.";
        byte[]? hash = _database.File.Read("SELECT hash FROM audit WHERE sequence = $sequence", reader => reader.Bytes("hash"), ("$sequence", onFile.Sequence)).FirstOrDefault();
        return hash is not null && hash.AsSpan().SequenceEqual(onFile.Hash) ? null : $"record {onFile.Sequence} is another one than the checkpoint in '{CheckpointPath}' says.";
    }

    private void LoadTail() => _tail = _database.File.Read(AuditRows.Tail, reader => (reader.GetInt64(0), reader.Bytes("hash")))
        .DefaultIfEmpty((0, AuditChain.Start(Network))).First();

    private void TryLoadTail()
    {
        try
        {
            LoadTail();
        }
        catch (PantryException)
        {
            // Then the next batch fails as well, and comes here again.
        }
    }
}
