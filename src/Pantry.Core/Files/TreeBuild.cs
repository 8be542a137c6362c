using System.Buffers;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using Pantry.Configuration;

namespace Pantry.Files;

/// <summary>Builds files of a tree where nobody sees them yet, several at a time, from chunks of this machine and of a source.</summary>
internal sealed class TreeBuild(RootFolder root, LocalChunks local, IChunkSource source, FileLimits limits, IProgress<long>? progress)
{
    // Chunks on their way: whoever needs one too waits for it to be written instead of fetching it again.
    private readonly ConcurrentDictionary<ContentHash, Task> _fetching = new();
    private readonly Dictionary<TreeEntry, string> _parts = new(ReferenceEqualityComparer.Instance);
    private long _fetched;
    private long _reused;

    /// <summary>Bytes that came from the source.</summary>
    public long Fetched => Interlocked.Read(ref _fetched);

    /// <summary>Bytes that were on this machine already.</summary>
    public long Reused => Interlocked.Read(ref _reused);

    /// <summary>Where a file is built.</summary>
    public string PartOf(TreeEntry file) => _parts[file];

    public async Task RunAsync(IReadOnlyList<TreeEntry> files, CancellationToken cancellation)
    {
        // Files of one content have one hash, and each needs a part of its own.
        var copies = new Dictionary<ContentHash, int>();
        foreach (TreeEntry file in files)
        {
            int copy = copies[file.Hash] = copies.GetValueOrDefault(file.Hash) + 1;
            _parts[file] = copy == 1 ? TreeStaging.Of(file) : $"{TreeStaging.Of(file)}.{copy}";
        }

        // In the files' order: what is fetched ahead is needed by those that are being written, so that none waits for one that has not begun.
        await Parallel.ForEachAsync(files, new ParallelOptions { MaxDegreeOfParallelism = limits.ParallelFiles, CancellationToken = cancellation }, BuildAsync).ConfigureAwait(false);
    }

    private async ValueTask BuildAsync(TreeEntry file, CancellationToken cancellation)
    {
        string part = _parts[file];
        using SafeFileHandle handle = OpenPart(part);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Chunker.MaxBytes);
        try
        {
            using IncrementalHash whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long there = RandomAccess.GetLength(handle), offset = 0;
            foreach (Chunk chunk in file.Chunks)
            {
                cancellation.ThrowIfCancellationRequested();
                Memory<byte> bytes = buffer.AsMemory(0, chunk.Length);
                // What an earlier attempt has brought to its place stays there.
                if (offset + chunk.Length <= there && FileChunks.TryRead(handle, offset, bytes.Span) && ContentHash.Of(bytes.Span) == chunk.Hash)
                    Interlocked.Add(ref _reused, chunk.Length);
                else
                    await BringAsync(file, chunk, bytes, handle, part, offset, cancellation).ConfigureAwait(false);
                if (file.Chunks.Count > 1)
                    whole.AppendData(bytes.Span);
                offset += chunk.Length;
                progress?.Report(Fetched + Reused);
            }

            // One chunk was compared already, and is the file.
            if (file.Chunks.Count > 1 && ContentHash.Take(whole) != file.Hash)
                throw Damaged(file, "the whole is not what its hash says, though each chunk is. Its manifest is wrong; send it again");
            if (there > file.Size)
                RandomAccess.SetLength(handle, file.Size);
            Finish(file, handle);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask BringAsync(TreeEntry file, Chunk chunk, Memory<byte> bytes, SafeFileHandle handle, string part, long offset, CancellationToken cancellation)
    {
        while (true)
        {
            if (local.TryRead(chunk, bytes.Span))
            {
                RandomAccess.Write(handle, bytes.Span, offset);
                Interlocked.Add(ref _reused, chunk.Length);
                return;
            }

            var mine = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            Task first = _fetching.GetOrAdd(chunk.Hash, mine.Task);
            if (first != mine.Task)
            {
                // Where it failed, everything does; then this finds nothing either and says so itself.
                await first.WaitAsync(cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                cancellation.ThrowIfCancellationRequested();
                continue;
            }

            try
            {
                await source.ReadAsync(chunk, bytes, cancellation).ConfigureAwait(false);
                if (ContentHash.Of(bytes.Span) != chunk.Hash)
                    throw Damaged(file, $"the chunk {chunk.Hash} came with another content");
                RandomAccess.Write(handle, bytes.Span, offset);
                local.Put(chunk.Hash, root, part, offset);
                Interlocked.Add(ref _fetched, chunk.Length);
                return;
            }
            finally
            {
                _fetching.TryRemove(chunk.Hash, out _);
                mine.SetResult();
            }
        }
    }

    private SafeFileHandle OpenPart(string part)
    {
        try
        {
            return root.OpenToWrite(part);
        }
        catch (UnauthorizedAccessException)
        {
            // An earlier attempt has completed one that nobody may write to: begun anew, its chunks are still known by their other places or come again.
            root.DeleteFile(part);
            return root.OpenToWrite(part);
        }
    }

    private static void Finish(TreeEntry file, SafeFileHandle handle)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(handle, (UnixFileMode)file.Mode);
        if (file.ModifiedAt is { } modified)
            File.SetLastWriteTimeUtc(handle, modified.UtcDateTime);
        // On Linux all files are put on the disk together.
        if (!OperatingSystem.IsLinux())
            RandomAccess.FlushToDisk(handle);
    }

    private static PantryException Damaged(TreeEntry file, string what) =>
        new(PantryErrorCode.ContentDamaged, $"'{DisplayText.FirstLine(file.Path, 300)}' could not be written: {what}.") { Target = file.Path };
}
