using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Transfers;

/// <summary>A tree that is fetched from a server: its manifest, and its chunks as they are asked for. It goes on over as many links as it takes.</summary>
internal sealed class TreeDownload : IOpenedTree, IFileTransfer
{
    private readonly ContentHash _digest;
    private readonly string? _job;
    private readonly ByteRate? _rate;
    private readonly ChunkFetching _fetching;
    private readonly TaskCompletionSource<FileTree> _tree = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FileSession? _session;

    private TreeDownload(ContentHash digest, string? job, ByteRate? rate, FileLimits limits)
    {
        _digest = digest;
        _job = job;
        _rate = rate;
        _fetching = new ChunkFetching(limits) { Forged = () => _session?.Distrust(), Opened = () => _session?.Heard() };
    }

    public FileTree Tree => _tree.Task.Result;

    public long ReceivedBytes => _fetching.ReceivedBytes;

    /// <summary>Asks a server for a tree and waits for its manifest.</summary>
    /// <exception cref="PantryException">This side may not have it, it is not there, or the server was not reached.</exception>
    public static async Task<TreeDownload> OpenAsync(
        FilePlace place, ContentHash digest, string? job, ByteRate? rate, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log, CancellationToken cancellation)
    {
        var download = new TreeDownload(digest, job, rate, options.Files);
        try
        {
            download._session = await FileSession.OpenAsync(place, download, loop, options, time, log, cancellation).ConfigureAwait(false);
            await download._tree.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return download;
        }
        catch
        {
            await download.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public void Expect(IReadOnlyList<Chunk> chunks) => _fetching.Expect(chunks);

    public async ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
    {
        // Who is to be slow asks slowly: the window then holds the server back.
        if (_rate is not null)
            await _rate.WaitAsync(chunk.Length, cancellation).ConfigureAwait(false);
        await _fetching.ReadAsync(chunk, into, cancellation).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_session is not null)
            await _session.DisposeAsync().ConfigureAwait(false);
        _fetching.Dispose();
        _ = _tree.Task.Exception;
    }

    async Task IFileTransfer.BeginAsync(FileSession session, CancellationToken lost)
    {
        int window = session.Window;
        long transfer = _tree.Task.IsCompletedSuccessfully
            ? (await session.RequestAsync(MessageKind.ReadTree, new ReadTree(_digest.ToString(), _job, WithManifest: false), [], lost).ConfigureAwait(false)).Head is TreePart part
                ? part.Transfer : throw Strange()
            : await ReadManifestAsync(session, lost).ConfigureAwait(false);
        _fetching.Attach(window, (first, chunks, received) => _ = session.SendAsync(
            new Message(MessageKind.AskChunks, new AskChunks(transfer, (long)first, received)) { Bodies = [TreeDocument.Write(chunks)] }), lost);
    }

    void IFileTransfer.Lost() => _fetching.Detach();

    void IFileTransfer.Receive(FileSession session, Message message)
    {
        if (message.Head is ChunkRefused refused)
            _fetching.TakeRefusal((ulong)refused.Number, LinkRequests.FromRefused(new Refused(refused.Code, refused.Message)));
        else if (message.Head is EndTransfer { Fault: { } fault })
            ((IFileTransfer)this).Fail(LinkRequests.FromRefused(fault));
    }

    void IFileTransfer.ReceiveChunk(FileSession session, HandedFrame frame)
    {
        if (!_fetching.Take(frame, session.Opener))
            session.Distrust();
    }

    void IFileTransfer.Fail(PantryException why)
    {
        _tree.TrySetException(why);
        _fetching.Fail(why);
    }

    private async Task<long> ReadManifestAsync(FileSession session, CancellationToken lost)
    {
        lost.ThrowIfCancellationRequested();
        using var manifest = new MemoryStream();
        var whole = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable parts = await session.RequestStreamAsync(
            MessageKind.ReadTree, new ReadTree(_digest.ToString(), _job), message =>
            {
                if (message.Head is Refused refused)
                    whole.TrySetException(LinkRequests.FromRefused(refused));
                else if (message.Head is not TreePart part || manifest.Length + message.Body(0).Length > session.Limits.MaxManifestBytes)
                    whole.TrySetException(Strange());
                else if (!whole.Task.IsCompleted)
                {
                    manifest.Write(message.Body(0));
                    if (part.Last)
                        whole.TrySetResult(part.Transfer);
                }
            }).ConfigureAwait(false);
        long transfer = await whole.Task.WaitAsync(lost).ConfigureAwait(false);
        FileTree tree = FileTree.Parse(manifest.ToArray(), session.Limits);
        _tree.TrySetResult(tree.Digest == _digest ? tree
            : throw new PantryException(PantryErrorCode.ContentDamaged, $"The server sent another tree than {_digest}. Look at its store, and begin again."));
        return transfer;
    }

    private static PantryException Strange() => new(PantryErrorCode.NotAPantryServer, "The server answered a question for a tree with something else.");
}
