using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Transfers;

/// <summary>A tree that a server takes: it asks for the chunks that it lacks. It goes on over as many links as it takes.</summary>
internal sealed class TreeUpload : IFileTransfer, IDisposable
{
    // Of a manifest that goes in parts.
    private const int PartBytes = 4 * 1024 * 1024;

    private readonly LocalTree _tree;
    private readonly string? _job;
    private readonly ByteRate? _rate;
    private readonly IProgress<long>? _progress;
    private readonly ILogger _log;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private ChunkServing? _serving;
    private long _transfer;
    private long _sentBefore;

    private TreeUpload(LocalTree tree, string? job, ByteRate? rate, IProgress<long>? progress, ILogger log) =>
        (_tree, _job, _rate, _progress, _log) = (tree, job, rate, progress, log);

    /// <summary>Bytes of chunks that were sent.</summary>
    private long SentBytes
    {
        get
        {
            lock (_lock)
                return _sentBefore + (_serving?.SentBytes ?? 0);
        }
    }

    /// <summary>Has a server take a tree; ends when all of it is on the server's disk.</summary>
    /// <returns>Bytes that were sent.</returns>
    /// <exception cref="PantryException">The server refuses it, a file has changed, or the server was not reached.</exception>
    public static async Task<long> RunAsync(
        FilePlace place, LocalTree tree, string? job, ByteRate? rate, IProgress<long>? progress, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log,
        CancellationToken cancellation)
    {
        using var upload = new TreeUpload(tree, job, rate, progress, log);
        FileSession session = await FileSession.OpenAsync(place, upload, loop, options, time, log, cancellation).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            await upload._done.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return upload.SentBytes;
        }
    }

    public void Dispose()
    {
        _serving?.Dispose();
        _ = _done.Task.Exception;
    }

    async Task IFileTransfer.BeginAsync(FileSession session, CancellationToken lost)
    {
        string digest = _tree.Tree.Digest.ToString();
        byte[] manifest = _tree.Tree.Bytes;
        int at = 0;
        for (; at + PartBytes < manifest.Length; at += PartBytes)
        {
            lost.ThrowIfCancellationRequested();
            await session.SendAsync(new Message(MessageKind.WriteTree, new WriteTree(digest, _job, Last: false)) { Bodies = [manifest[at..(at + PartBytes)]] }).ConfigureAwait(false);
        }

        await session.RequestAsync(MessageKind.WriteTree, new WriteTree(digest, _job, Last: true), [manifest[at..]], lost).ConfigureAwait(false);
    }

    void IFileTransfer.Lost()
    {
        lock (_lock)
            EndServing();
    }

    void IFileTransfer.Receive(FileSession session, Message message)
    {
        switch (message.Head)
        {
            case AskChunks ask when !Serving(session, ask.Transfer).Ask(ask, message.Body(0)):
                ((IFileTransfer)this).Fail(new PantryException(PantryErrorCode.NotAPantryServer, "The server asked for chunks in a way that no server does."));
                break;
            case AskChunks:
                _progress?.Report(SentBytes);
                break;
            case EndTransfer { Fault: { } fault }:
                ((IFileTransfer)this).Fail(LinkRequests.FromRefused(fault));
                break;
            case EndTransfer:
                _progress?.Report(SentBytes);
                _done.TrySetResult();
                break;
            default:
                break;
        }
    }

    // It is this side that sends.
    void IFileTransfer.ReceiveChunk(FileSession session, HandedFrame frame) => frame.Dispose();

    void IFileTransfer.Fail(PantryException why) => _done.TrySetException(why);

    // The first question can be faster than the answer that names the transfer.
    private ChunkServing Serving(FileSession session, long transfer)
    {
        lock (_lock)
        {
            if (_serving is { } serving && _transfer == transfer)
                return serving;
            EndServing();
            _transfer = transfer;
            var exit = new ChunkExit(session.SendChunkAsync, (refused, cause) => Refuse(session, refused, cause), Rate: _rate);
            return _serving = new ChunkServing((ulong)transfer, _tree.Tree, _tree, session.Sealer, exit, session.Limits);
        }
    }

    private void Refuse(FileSession session, ChunkRefused refused, Exception cause)
    {
        _log.LogWarning(cause, "A chunk could not be sent.");
        _ = session.SendAsync(new Message(MessageKind.ChunkRefused, refused));
    }

    private void EndServing()
    {
        _sentBefore += _serving?.SentBytes ?? 0;
        _serving?.Dispose();
        _serving = null;
    }
}
