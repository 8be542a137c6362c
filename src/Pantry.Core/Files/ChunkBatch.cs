using Microsoft.Win32.SafeHandles;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>
/// Chunks on their way into a store. They are written one by one and come into their places together, in <see cref="Complete"/>, when all
/// are on the disk. What was written when a process is killed is found by the next one.
/// </summary>
internal sealed class ChunkBatch(ChunkStore store, string folder) : IDisposable
{
    // Beyond so many files, one call for the whole file system costs less than one for each.
    private const int ManyFiles = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<ContentHash, string> _files = [];

    /// <summary>The hash that a file in <c>incoming</c> is named by.</summary>
    public static ContentHash? HashIn(string name) => name.Length > 2 * ContentHash.Length && ContentHash.TryParse(name.AsSpan(0, 2 * ContentHash.Length), out ContentHash hash) ? hash : null;

    /// <summary>Writes content whose hash the caller has compared. From any thread.</summary>
    /// <exception cref="PantryException">The disk is full or failed.</exception>
    public void Add(ContentHash hash, ReadOnlySpan<byte> content)
    {
        string path = Path.Combine(folder, $"{hash}.{Guid.NewGuid():N}");
        lock (_lock)
        {
            if (!_files.TryAdd(hash, path))
                return;
        }

        try
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write);
            RandomAccess.Write(file, content, 0);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            lock (_lock)
                _files.Remove(hash);
            TryDelete(path);
            throw StorageErrors.OfFile(path, exception);
        }
    }

    /// <summary>Puts on the disk what was added, and gives it its place. More can be added after it.</summary>
    /// <exception cref="PantryException">The disk is full or failed; nothing has its place then that is not on the disk.</exception>
    public void Complete()
    {
        (string Path, ContentHash Hash)[] files;
        lock (_lock)
        {
            files = [.. _files.Select(file => (file.Value, file.Key))];
            _files.Clear();
        }

        if (files.Length == 0)
            return;
        try
        {
            Flush(folder, files);
            store.Move(files);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            foreach ((string path, _) in files)
                TryDelete(path);
            throw StorageErrors.OfFile(folder, exception);
        }
    }

    /// <summary>What was not completed is thrown away.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (string path in _files.Values)
                TryDelete(path);
            _files.Clear();
        }
    }

    internal static void Flush(string folder, IReadOnlyCollection<(string Path, ContentHash Hash)> files)
    {
        if (files.Count > ManyFiles && OperatingSystem.IsLinux())
        {
            LinuxFile.FlushFileSystem(folder);
            return;
        }

        foreach ((string path, _) in files)
        {
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            RandomAccess.FlushToDisk(file);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            // The next process that opens the store does it.
        }
    }
}
