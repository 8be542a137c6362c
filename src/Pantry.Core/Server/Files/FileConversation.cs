using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transfers;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Server.Files;

/// <summary>What the server says and hears on its port of files, with clients and operators alike.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Reliability", "CA1001", Justification = "A semaphore that is only waited for asynchronously holds nothing.")]
internal sealed class FileConversation(
    FileVault vault, FileGrants grants, ServerAudit audit, ServerCounters counters, PantryOptions options, TimeProvider time, Action<ServerSession, string> close, ILogger log)
{
    // Of a manifest that goes in parts.
    private const int PartBytes = 4 * 1024 * 1024;

    // Requests of one peer that are answered at the same time.
    private const int MostRequests = 4;

    private readonly ConcurrentDictionary<ServerSession, FilePeer> _peers = new();
    private readonly FrameBudget _budget = new(options.Files.ServerWindow);
    private readonly SemaphoreSlim _manifests = new(options.Files.ParallelManifests);
    private long _lastTransfer;
    private int _uploads;

    /// <summary>Bytes of chunks that are under way to peers.</summary>
    public long BytesUnderWay => _budget.Taken;

    /// <summary>A message of a peer. On the reading task.</summary>
    public void Handle(ServerSession session, Message message)
    {
        FilePeer? peer = _peers.GetValueOrDefault(session);
        switch (message.Head)
        {
            case OpenFiles:
                Open(session, message);
                break;
            case Heartbeat:
                session.Post(new Message(MessageKind.HeartbeatReply, new HeartbeatReply(time.GetUtcNow())));
                break;
            case Leave leave:
                session.Post(message);
                close(session, DisplayText.FirstLine(leave.Reason));
                break;
            case AskChunks when peer is not null && grants.NameOf(session) is null:
                close(session, "its key is trusted no more");
                break;
            case AskChunks ask when peer is not null:
                if (peer.Find(ask.Transfer)?.Ask(ask, message.Body(0)) == false)
                    Break(session, "ForeignChunks", "it asks for chunks in a way that no peer does");
                break;
            case ChunkRefused refused when peer is not null:
                peer.Intake?.Fetching.TakeRefusal((ulong)refused.Number, LinkRequests.FromRefused(new Refused(refused.Code, refused.Message)));
                break;
            case EndTransfer end when peer is not null:
                peer.End(end.Transfer);
                break;
            case WriteTree write when peer is not null:
                TakePart(session, peer, message, write);
                break;
            case ReadTree read when peer is not null:
                Answer(session, message, () => ReadAsync(session, peer, message, read));
                break;
            default:
                session.Post(ServerHost.Refusal(PantryErrorCode.Refused, $"{message.Kind} has no meaning on the port of files.", message.Correlation));
                break;
        }
    }

    /// <summary>A chunk of a peer, as it came. On the reading task.</summary>
    public void HandleChunk(ServerSession session, byte[] frame)
    {
        if (!_peers.TryGetValue(session, out FilePeer? peer) || peer.Intake is not { } intake)
            counters.Dropped("ForeignChunk");
        else if (!intake.Fetching.Take(new HandedFrame(frame), peer.Opener))
            Break(session, "NotSealed", "a chunk was not sealed by it");
        else
            counters.ChunkReceived(frame.Length);
    }

    public void Closed(ServerSession session)
    {
        if (_peers.TryRemove(session, out FilePeer? peer))
            peer.Dispose();
    }

    private int Window => (int)Math.Clamp(options.Files.SharedWindow / Math.Max(1, _peers.Count), options.Wire.MaxChunkBytes, options.Files.MaxChunkWindow);

    private void Open(ServerSession session, Message message)
    {
        if (grants.NameOf(session) is null)
        {
            session.Post(ServerHost.Refusal(PantryErrorCode.KeyRevoked, "The key is trusted no more.", message.Correlation));
            close(session, "its key is trusted no more");
            return;
        }

        session.Introduced = true;
        var peer = new FilePeer();
        FilePeer now = _peers.AddOrUpdate(session, peer, (_, before) =>
        {
            before.Dispose();
            return peer;
        });
        // A session that was closed meanwhile is not told of again.
        if (session.Closed)
            Closed(session);
        session.Post(new Message(
            MessageKind.FilesOpened,
            new FilesOpened(time.GetUtcNow(), options.HeartbeatInterval.TotalSeconds, options.DeadAfter.TotalSeconds, now.ServerKey, now.PeerKey, Window),
            message.Correlation));
    }

    private void TakePart(ServerSession session, FilePeer peer, Message message, WriteTree write)
    {
        try
        {
            // Before anything of it is held.
            if (peer.IsBetweenManifests)
                grants.RequireMayBring(session, write.Job);
        }
        catch (PantryException refused)
        {
            session.Post(ServerHost.Refusal(refused.Code, refused.Message, message.Correlation));
            return;
        }

        if (peer.AddPart(write, message.Body(0), options.Files.MaxManifestBytes) is not { } manifest)
            session.Post(ServerHost.Refusal(PantryErrorCode.LimitReached, $"The list of the files has more than {options.Files.MaxManifestBytes:N0} bytes.", message.Correlation));
        else if (write.Last)
            Answer(session, message, () => WriteAsync(session, peer, message, write, manifest));
    }

    // Off the reading task: manifests and the disk take their time.
    private void Answer(ServerSession session, Message message, Func<Task> answer)
    {
        if (!session.TryBeginRequest(MostRequests))
        {
            session.Post(ServerHost.Refusal(PantryErrorCode.LimitReached, $"{MostRequests} requests of this peer are being answered, which is the server's limit. Ask again when one is.", message.Correlation));
            return;
        }

        _ = Task.Run(async () =>
        {
            try
            {
                await answer().ConfigureAwait(false);
            }
            catch (PantryException refused)
            {
                session.Post(ServerHost.Refusal(refused.Code, refused.Message, message.Correlation));
            }
            catch (Exception exception)
            {
                log.LogError(exception, "A request on the port of files failed.");
                session.Post(ServerHost.Refusal(PantryErrorCode.InternalError, "The server failed on this request; its log has the cause.", message.Correlation));
            }
            finally
            {
                session.EndRequest();
            }
        });
    }

    private async Task ReadAsync(ServerSession session, FilePeer peer, Message message, ReadTree read)
    {
        ContentHash digest = Digest(read.Tree);
        grants.RequireRead(session, digest, read.Job);
        FileTree tree = await ManifestAsync(() => vault.Tree(digest)).ConfigureAwait(false);
        long transfer = Interlocked.Increment(ref _lastTransfer);
        var exit = new ChunkExit(frame => SendAsync(session, frame), (refused, cause) => RefuseChunk(session, refused, cause), _budget);
        if (!peer.TryAdd(transfer, new ChunkServing((ulong)transfer, tree, vault.Store, peer.Sealer, exit, options.Files)))
            throw new PantryException(PantryErrorCode.LimitReached, "This peer has too many transfers open.");
        audit.Note(grants.NameOf(session) ?? "", session.Key, session.Address, "TreeRead", read.Tree, "Done", read.Job);
        int at = 0;
        for (; read.WithManifest && at + PartBytes < tree.Bytes.Length; at += PartBytes)
            await session.PostBulkAsync(new Message(MessageKind.TreePart, new TreePart(transfer, Last: false), message.Correlation) { Bodies = [tree.Bytes[at..(at + PartBytes)]] }, default).ConfigureAwait(false);
        await session.PostBulkAsync(
            new Message(MessageKind.TreePart, new TreePart(transfer, Last: true), message.Correlation) { Bodies = read.WithManifest ? [tree.Bytes[at..]] : [] }, default).ConfigureAwait(false);
    }

    private async Task WriteAsync(ServerSession session, FilePeer peer, Message message, WriteTree write, byte[] manifest)
    {
        FileTree tree = await ManifestAsync(() => FileTree.Parse(manifest, options.Files)).ConfigureAwait(false);
        if (tree.Digest != Digest(write.Tree))
            throw TreeRules.Invalid("The list of the files is not the one that was named.");
        grants.RequireWrite(session, tree, write.Job);
        if (Interlocked.Increment(ref _uploads) > options.Files.MaxUploads)
        {
            Interlocked.Decrement(ref _uploads);
            throw new PantryException(PantryErrorCode.LimitReached, $"{options.Files.MaxUploads} peers bring files at this moment, which is the server's limit. Try again later.");
        }

        try
        {
            await TakeInAsync(session, peer, message, write, tree).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _uploads);
        }
    }

    private async Task TakeInAsync(ServerSession session, FilePeer peer, Message message, WriteTree write, FileTree tree)
    {
        long transfer = Interlocked.Increment(ref _lastTransfer);
        using var intake = new TreeIntake(tree, vault, options.Files)
        {
            Fetching = new ChunkFetching(options.Files)
            {
                Forged = () => Break(session, "NotSealed", "a chunk was not sealed by it"),
                Opened = () => session.LastHeard = time.GetTimestamp(),
            },
        };
        intake.RequireRoom(vault.Store.Path);
        peer.Intake?.Dispose();
        peer.Intake = intake;
        if (session.Closed)
            return;
        session.Post(new Message(MessageKind.TreeAccepted, new TreeAccepted(transfer, intake.Missing.Count, intake.MissingBytes), message.Correlation));
        intake.Fetching.Attach(options.Files.MaxChunkWindow, (first, chunks, received) => session.Post(
            new Message(MessageKind.AskChunks, new AskChunks(transfer, (long)first, received)) { Bodies = [TreeDocument.Write(chunks)] }));
        Refused? fault = null;
        try
        {
            await intake.RunAsync().ConfigureAwait(false);
            string by = grants.NameOf(session) ?? throw new PantryException(PantryErrorCode.KeyRevoked, "The key is trusted no more.");
            vault.Register.Add(new TreeReason(write.Tree, write.Job, by, time.GetUtcNow()));
            audit.Note(by, session.Key, session.Address, "TreeWritten", write.Tree, "Done", write.Job);
        }
        catch (Exception exception) when (exception is ObjectDisposedException or OperationCanceledException)
        {
            // The peer is gone: what has come is kept for when it is back.
            return;
        }
        catch (PantryException failed)
        {
            log.LogWarning("A tree from {Address} was not taken: {Reason}", session.Address, failed.Message);
            fault = new Refused(failed.Code.ToString(), failed.Message);
        }

        session.Post(new Message(MessageKind.EndTransfer, new EndTransfer(transfer, fault)));
    }

    private async Task<FileTree> ManifestAsync(Func<FileTree> read)
    {
        await _manifests.WaitAsync().ConfigureAwait(false);
        try
        {
            return read();
        }
        finally
        {
            _manifests.Release();
        }
    }

    // A peer that takes its chunks slowly is slow, not broken: whether it is there the heartbeat tells.
    private async Task<SendOutcome> SendAsync(ServerSession session, HandedFrame frame)
    {
        int length = frame.Length;
        SendOutcome outcome;
        do
            outcome = await session.SendChunkAsync(frame).ConfigureAwait(false);
        while (outcome == SendOutcome.Congested && !session.Closed);
        if (outcome == SendOutcome.Sent)
            counters.ChunkSent(length);
        return outcome;
    }

    private void RefuseChunk(ServerSession session, ChunkRefused refused, Exception cause)
    {
        log.LogError(cause, "A chunk could not be sent.");
        session.Post(new Message(MessageKind.ChunkRefused, refused));
    }

    private void Break(ServerSession session, string reason, string why)
    {
        counters.Dropped(reason);
        audit.Refused(reason, session.Key, session.Address);
        close(session, why);
    }

    private static ContentHash Digest(string text) => ContentHash.TryParse(text, out ContentHash digest)
        ? digest
        : throw new PantryException(PantryErrorCode.InvalidArgument, $"'{DisplayText.FirstLine(text, 80)}' is no digest of a tree; it has 64 hexadecimal digits.");
}
