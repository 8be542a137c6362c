using Pantry.Files;

namespace Pantry.Provisioning.Cache;

/// <summary>A package's tree at the server, which is asked only when something of it is missing here.</summary>
internal sealed class PackageTree(ITreeExchange trees, ContentHash digest, string job) : IChunkSource, IAsyncDisposable
{
    private readonly Lock _lock = new();
    private IReadOnlyList<Chunk> _expected = [];
    private Task<IOpenedTree>? _opened;

    /// <summary>Bytes of it that have come over the network.</summary>
    public long ReceivedBytes => _opened is { IsCompletedSuccessfully: true } opened ? opened.Result.ReceivedBytes : 0;

    public void Expect(IReadOnlyList<Chunk> chunks)
    {
        lock (_lock)
        {
            _expected = chunks;
            if (_opened is { IsCompletedSuccessfully: true } opened)
                opened.Result.Expect(chunks);
        }
    }

    public async ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
    {
        IOpenedTree tree = await OpenAsync(cancellation).ConfigureAwait(false);
        await tree.ReadAsync(chunk, into, cancellation).ConfigureAwait(false);
    }

    /// <summary>Its manifest.</summary>
    public async Task<FileTree> ManifestAsync(CancellationToken cancellation) => (await OpenAsync(cancellation).ConfigureAwait(false)).Tree;

    public async ValueTask DisposeAsync()
    {
        if (_opened is not { } opening)
            return;
        await ((Task)opening).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (opening.IsCompletedSuccessfully)
            await opening.Result.DisposeAsync().ConfigureAwait(false);
    }

    private Task<IOpenedTree> OpenAsync(CancellationToken cancellation)
    {
        lock (_lock)
            return _opened ??= OpenOnceAsync(_expected, cancellation);
    }

    private async Task<IOpenedTree> OpenOnceAsync(IReadOnlyList<Chunk> expected, CancellationToken cancellation)
    {
        IOpenedTree tree = await trees.OpenAsync(digest, job, null, cancellation).ConfigureAwait(false);
        if (expected.Count > 0)
            tree.Expect(expected);
        return tree;
    }
}
