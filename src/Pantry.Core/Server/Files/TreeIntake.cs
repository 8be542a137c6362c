using System.Buffers;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Storage;
using Pantry.Transfers;

namespace Pantry.Server.Files;

/// <summary>A tree on its way into the server's store: the chunks that are missing are asked for, compared, and put on the disk some at a time.</summary>
internal sealed class TreeIntake(FileTree tree, FileVault vault, FileLimits limits) : IDisposable
{
    private readonly CancellationTokenSource _over = new();

    /// <summary>What is missing, and marked to stay for the rest.</summary>
    public IReadOnlyList<Chunk> Missing { get; } = vault.Store.Claim(tree.Chunks());

    public required ChunkFetching Fetching { get; init; }

    public long MissingBytes => Missing.Sum(chunk => (long)chunk.Length);

    /// <exception cref="PantryException">The server's disk has not so much room.</exception>
    public void RequireRoom(string path)
    {
        long free = new DriveInfo(path).AvailableFreeSpace - limits.ReservedDisk;
        if (MissingBytes > free)
            throw StorageErrors.Failed(path, $"The files need {MissingBytes:N0} bytes, and the server's disk has {Math.Max(0, free):N0} left for them. Free some space on the server.");
    }

    /// <summary>Fetches all that is missing; what has come stays, also where the rest does not.</summary>
    /// <exception cref="PantryException">A chunk is not what it must be, or the disk failed.</exception>
    public async Task RunAsync()
    {
        using ChunkBatch batch = vault.Store.Begin();
        long unflushed = 0;
        try
        {
            Fetching.Expect(Missing);
            foreach (Chunk chunk in Missing)
            {
                await TakeAsync(chunk, batch).ConfigureAwait(false);
                unflushed += chunk.Length;
                if (unflushed < limits.FlushBytes)
                    continue;
                batch.Complete();
                unflushed = 0;
            }
        }
        finally
        {
            batch.Complete();
        }

        vault.Store.Put(tree.Bytes);
    }

    public void Dispose()
    {
        _over.Cancel();
        Fetching.Dispose();
    }

    private async Task TakeAsync(Chunk chunk, ChunkBatch batch)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(chunk.Length);
        try
        {
            Memory<byte> bytes = buffer.AsMemory(0, chunk.Length);
            await Fetching.ReadAsync(chunk, bytes, _over.Token).ConfigureAwait(false);
            if (ContentHash.Of(bytes.Span) != chunk.Hash)
                throw new PantryException(PantryErrorCode.ContentDamaged, $"The chunk {chunk.Hash} came with another content. Send the files again.");
            batch.Add(chunk.Hash, bytes.Span);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
