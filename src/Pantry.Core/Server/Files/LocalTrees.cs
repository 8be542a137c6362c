using System.Buffers;
using Pantry.Configuration;
using Pantry.Files;

namespace Pantry.Server.Files;

/// <summary>Trees of the server's own operator: they go into the store and come from it without the network.</summary>
internal sealed class LocalTrees(FileVault vault, Func<string> name, FileLimits limits) : ITreeExchange
{
    public async Task<long> SendAsync(LocalTree tree, string? job, ByteRate? rate, IProgress<long>? progress, CancellationToken cancellation)
    {
        long sent = await Task.Run(() => PutAsync(tree, progress, cancellation), cancellation).ConfigureAwait(false);
        vault.Register.Add(new TreeReason(tree.Tree.Digest.ToString(), job, name(), DateTimeOffset.UtcNow));
        return sent;
    }

    public Task<IOpenedTree> OpenAsync(ContentHash digest, string? job, ByteRate? rate, CancellationToken cancellation) =>
        Task.Run<IOpenedTree>(() => new StoredTree(vault.Store, vault.Tree(digest)), cancellation);

    private async Task<long> PutAsync(LocalTree tree, IProgress<long>? progress, CancellationToken cancellation)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Chunker.MaxBytes);
        long put = 0, unflushed = 0;
        using ChunkBatch batch = vault.Store.Begin();
        try
        {
            foreach (Chunk chunk in vault.Store.Claim(tree.Tree.Chunks()))
            {
                cancellation.ThrowIfCancellationRequested();
                Memory<byte> bytes = buffer.AsMemory(0, chunk.Length);
                await tree.ReadAsync(chunk, bytes, cancellation).ConfigureAwait(false);
                batch.Add(chunk.Hash, bytes.Span);
                put += chunk.Length;
                unflushed += chunk.Length;
                progress?.Report(put);
                if (unflushed < limits.FlushBytes)
                    continue;
                batch.Complete();
                unflushed = 0;
            }

            batch.Complete();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        vault.Store.Put(tree.Tree.Bytes);
        return put;
    }

    private sealed class StoredTree(ChunkStore store, FileTree tree) : IOpenedTree
    {
        public FileTree Tree => tree;

        public long ReceivedBytes => 0;

        public ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation) => store.ReadAsync(chunk, into, cancellation);

        public ValueTask DisposeAsync() => default;
    }
}
