using Microsoft.Win32.SafeHandles;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>
/// Content by its SHA-256, in files <c>blobs/ab/cdef…</c> under a directory. What is there was written whole: it comes into its place
/// from <c>incoming</c> after it is on the disk. What is read is compared with its hash; what is damaged is put aside, so
/// that it can come anew. One process uses a directory at a time.
/// </summary>
internal sealed class ChunkStore : IChunkSource
{
    private const string Blobs = "blobs", Incoming = "incoming", Damaged = "damaged";

    private readonly string _root;
    private readonly TimeProvider _time;
    // Between the look whether a blob is there and the mark that it is wanted nothing is collected.
    private readonly Lock _collecting = new();

    private ChunkStore(string root, TimeProvider time)
    {
        _root = root;
        _time = time;
    }

    /// <summary>Full path of the store's directory.</summary>
    public string Path => _root;

    /// <summary>Opens the store; what a process that was killed had brought so far is looked through and kept.</summary>
    /// <exception cref="PantryException">The directory cannot be used.</exception>
    public static ChunkStore Open(string path, TimeProvider? time = null)
    {
        string root = OwnerOnly.EnsureDirectory(path);
        foreach (string folder in (string[])[Blobs, Incoming, Damaged])
            OwnerOnly.EnsureDirectory(System.IO.Path.Combine(root, folder));
        var store = new ChunkStore(root, time ?? TimeProvider.System);
        store.TakeUp();
        return store;
    }

    /// <summary>Bytes of a blob; null where there is none.</summary>
    public long? LengthOf(ContentHash hash)
    {
        var file = new FileInfo(PathOf(hash));
        return file.Exists ? file.Length : null;
    }

    public bool Contains(Chunk chunk) => LengthOf(chunk.Hash) == chunk.Length;

    /// <summary>Those of the chunks that are missing. The others are marked as just used, so that they stay for the grace of <see cref="Collect"/>.</summary>
    public IReadOnlyList<Chunk> Claim(IEnumerable<Chunk> chunks)
    {
        var missing = new List<Chunk>();
        DateTime now = _time.GetUtcNow().UtcDateTime;
        foreach (Chunk chunk in chunks)
        {
            lock (_collecting)
            {
                if (Contains(chunk))
                    File.SetLastWriteTimeUtc(PathOf(chunk.Hash), now);
                else
                    missing.Add(chunk);
            }
        }

        return missing;
    }

    /// <summary>Reads a blob and compares it with its hash.</summary>
    /// <exception cref="PantryException">It is not there (NoMatchingFile), damaged (ContentDamaged), or cannot be read (StorageFailed).</exception>
    public void Read(ContentHash hash, Span<byte> into)
    {
        string path = PathOf(hash);
        bool whole;
        try
        {
            using SafeFileHandle file = File.OpenHandle(path);
            whole = RandomAccess.GetLength(file) == into.Length && Fill(file, into);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new PantryException(PantryErrorCode.NoMatchingFile, $"The store '{_root}' does not have the content {hash}.", exception) { Target = path };
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.OfFile(path, exception);
        }

        if (!whole || ContentHash.Of(into) != hash)
            throw PutAside(hash);
    }

    public ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
    {
        Read(chunk.Hash, into.Span[..chunk.Length]);
        return ValueTask.CompletedTask;
    }

    /// <summary>A whole blob, such as a manifest.</summary>
    /// <exception cref="PantryException">As <see cref="Read(ContentHash, Span{byte})"/>; LimitReached where it is larger than asked for.</exception>
    public byte[] Read(ContentHash hash, int mostBytes)
    {
        long length = LengthOf(hash) ?? throw new PantryException(PantryErrorCode.NoMatchingFile, $"The store '{_root}' does not have the content {hash}.");
        if (length > mostBytes)
            throw new PantryException(PantryErrorCode.LimitReached, $"The content {hash} has {length:N0} bytes, which is more than the {mostBytes:N0} it may have.");
        byte[] bytes = new byte[length];
        Read(hash, bytes);
        return bytes;
    }

    /// <summary>Puts some content in, and on the disk.</summary>
    /// <exception cref="PantryException">The disk is full or failed.</exception>
    public ContentHash Put(ReadOnlySpan<byte> content)
    {
        ContentHash hash = ContentHash.Of(content);
        using ChunkBatch batch = Begin();
        batch.Add(hash, content);
        batch.Complete();
        return hash;
    }

    /// <summary>Begins to bring many chunks, which come into their places together.</summary>
    public ChunkBatch Begin() => new(this, System.IO.Path.Combine(_root, Incoming));

    /// <summary>Every hash that there is content of.</summary>
    public IEnumerable<ContentHash> All()
    {
        foreach (string folder in Directory.EnumerateDirectories(System.IO.Path.Combine(_root, Blobs)))
        {
            foreach (string file in Directory.EnumerateFiles(folder))
            {
                if (ContentHash.TryParse(System.IO.Path.GetFileName(folder) + System.IO.Path.GetFileName(file), out ContentHash hash))
                    yield return hash;
            }
        }
    }

    /// <summary>Removes what nothing uses and nobody has brought or claimed lately.</summary>
    /// <param name="isUsed">Whether something uses the content.</param>
    /// <param name="grace">What was brought or claimed since then stays.</param>
    /// <param name="cancellation">Ends it in between.</param>
    public (long Count, long Bytes) Collect(Func<ContentHash, bool> isUsed, TimeSpan grace, CancellationToken cancellation = default)
    {
        DateTime before = (_time.GetUtcNow() - grace).UtcDateTime;
        long count = 0, bytes = 0;
        foreach (ContentHash hash in All())
        {
            cancellation.ThrowIfCancellationRequested();
            if (isUsed(hash))
                continue;
            lock (_collecting)
            {
                var file = new FileInfo(PathOf(hash));
                if (!file.Exists || file.LastWriteTimeUtc >= before)
                    continue;
                bytes += file.Length;
                count++;
                file.Delete();
            }
        }

        return (count, bytes);
    }

    /// <summary>Reads everything and compares it with its hash; what is damaged is put aside and named.</summary>
    public (long Count, long Bytes, IReadOnlyList<ContentHash> Damaged) Verify(CancellationToken cancellation = default)
    {
        long count = 0, bytes = 0;
        var damaged = new List<ContentHash>();
        byte[] buffer = [];
        foreach (ContentHash hash in All())
        {
            cancellation.ThrowIfCancellationRequested();
            if (LengthOf(hash) is not { } length)
                continue;
            count++;
            bytes += length;
            if (buffer.Length < length)
                buffer = new byte[length];
            try
            {
                Read(hash, buffer.AsSpan(0, (int)length));
            }
            catch (PantryException exception) when (exception.Code == PantryErrorCode.ContentDamaged)
            {
                damaged.Add(hash);
            }
        }

        return (count, bytes, damaged);
    }

    /// <summary>Gives files that are on the disk their places.</summary>
    internal void Move(IReadOnlyCollection<(string Path, ContentHash Hash)> files)
    {
        var folders = new HashSet<string>();
        foreach ((string path, ContentHash hash) in files)
        {
            string place = PathOf(hash), folder = System.IO.Path.GetDirectoryName(place)!;
            if (folders.Add(folder))
                Directory.CreateDirectory(folder);
            File.Move(path, place, overwrite: true);
        }

        if (!OperatingSystem.IsLinux())
            return;
        foreach (string folder in folders)
            LinuxFile.FlushDirectory(folder);
        LinuxFile.FlushDirectory(System.IO.Path.Combine(_root, Blobs));
    }

    private string PathOf(ContentHash hash)
    {
        string name = hash.ToString();
        return System.IO.Path.Combine(_root, Blobs, name[..2], name[2..]);
    }

    private static bool Fill(SafeFileHandle file, Span<byte> into)
    {
        int read = 0;
        while (read < into.Length && RandomAccess.Read(file, into[read..], read) is > 0 and int count)
            read += count;
        return read == into.Length;
    }

    private PantryException PutAside(ContentHash hash)
    {
        string path = PathOf(hash);
        try
        {
            File.Move(path, System.IO.Path.Combine(_root, Damaged, hash.ToString()), overwrite: true);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            // It stays where it is, and is refused there again.
        }

        return new PantryException(PantryErrorCode.ContentDamaged,
            $"The stored content {hash} is damaged: '{path}' is not what was written. It was put aside into '{Damaged}'. Send or publish the files that have it again, and look at the disk.")
        { Target = path };
    }

    private void TakeUp()
    {
        string incoming = System.IO.Path.Combine(_root, Incoming);
        try
        {
            var whole = new List<(string Path, ContentHash Hash)>();
            foreach (string path in Directory.EnumerateFiles(incoming).ToArray())
            {
                // The name was given before the content was there: only the content says what it is.
                if (ChunkBatch.HashIn(System.IO.Path.GetFileName(path)) is { } hash && ContentHash.Of(File.ReadAllBytes(path)) == hash)
                    whole.Add((path, hash));
                else
                    File.Delete(path);
            }

            ChunkBatch.Flush(incoming, whole);
            Move(whole);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.OfFile(incoming, exception);
        }
    }
}
