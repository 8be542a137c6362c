using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Transfers;

/// <summary>
/// A client's or an operator's session on a server's file port, for one transfer. It comes back when it is lost; when it stays away for too long, or the
/// server lets this side in no more, the transfer ends with that.
/// </summary>
internal sealed class FileSession : ILinkOwner, IAsyncDisposable
{
    private readonly FilePlace _place;
    private readonly IFileTransfer _transfer;
    private readonly PantryOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private ServerLink? _link;
    private ITimer? _patience;
    // Those of earlier links too: what has come under them may still wait to be opened.
    private readonly ConcurrentQueue<Keys> _all = new();
    private volatile Keys? _keys;

    private FileSession(FilePlace place, IFileTransfer transfer, PantryOptions options, TimeProvider time, ILogger log)
    {
        (_place, _transfer, _options, _time, _log) = (place, transfer, options, time, log);
    }

    public FileLimits Limits => _options.Files;

    /// <summary>Seals chunks that this side sends on the present link.</summary>
    public BulkCipher Sealer => Current.Sealer;

    /// <summary>Opens chunks that come on the present link.</summary>
    public BulkCipher Opener => Current.Opener;

    /// <summary>Bytes of chunks that may be asked for ahead.</summary>
    public int Window => Current.Window;

    int ILinkOwner.RunningJobs => 1;

    bool ILinkOwner.TakesChunks => true;

    LinkCredentials ILinkOwner.Credentials => _place.Credentials;

    /// <summary>Opens a session; where the server cannot be reached at the moment, tries again until <paramref name="cancellation"/>.</summary>
    /// <exception cref="PantryException">The server has no file port, refuses, or was not reached for too long.</exception>
    public static async Task<FileSession> OpenAsync(
        FilePlace place, IFileTransfer transfer, SocketLoop? loop, PantryOptions options, TimeProvider time, ILogger log, CancellationToken cancellation)
    {
        if (place.Server.FilePort == 0)
            throw new PantryException(PantryErrorCode.NotOffered, $"The server {place.Server} offers no file service. Bring it to a version of Pantry that does.") { Target = place.Server.ToString() };
        long begun = time.GetTimestamp();
        while (true)
        {
            var session = new FileSession(place, transfer, options, time, log);
            try
            {
                session._link = await ServerLink.OpenAsync(place.Server, hearsOrders: false, session, loop, options, time, log, cancellation).ConfigureAwait(false);
                return session;
            }
            catch (PantryException fault) when (fault.Code is PantryErrorCode.ServerUnreachable or PantryErrorCode.TimedOut or PantryErrorCode.ConnectionLost
                && time.GetElapsedTime(begun) < options.ReattachTimeout)
            {
                log.LogInformation("The file port of {Server} is tried again: {Reason}", place.Server, fault.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), time, cancellation).ConfigureAwait(false);
            }
        }
    }

    public Task<Message> RequestAsync(MessageKind kind, object head, IReadOnlyList<byte[]> bodies, CancellationToken lost) => lost.IsCancellationRequested
        ? Task.FromCanceled<Message>(lost)
        : Link.RequestAsync(kind, head, bodies, _options.RequestTimeout, lost);

    public Task<IDisposable> RequestStreamAsync(MessageKind kind, object head, Action<Message> received) => Link.RequestStreamAsync(kind, head, received);

    public Task<SendOutcome> SendAsync(Message message) => Link.SendAsync(message);

    public Task<SendOutcome> SendChunkAsync(HandedFrame frame) => Link.SendChunkAsync(frame);

    /// <summary>A chunk that came could be opened: the server is there.</summary>
    public void Heard() => Link.Heard();

    /// <summary>What came was not the server's: this link is of no use any more.</summary>
    public void Distrust()
    {
        _log.LogWarning("A chunk that came from {Server} was not sealed by it; dialling anew.", _place.Server);
        Link.Redial();
    }

    public async ValueTask DisposeAsync()
    {
        if (_link is not { } link)
            return;
        try
        {
            if (link.Status == ServiceStatus.Running)
                await link.RequestAsync(MessageKind.Leave, new Leave("the transfer is over"), [], _options.StopTimeout, default).ConfigureAwait(false);
        }
        catch (PantryException unheard)
        {
            _log.LogInformation("The server did not hear the goodbye: {Reason}", unheard.Message);
        }

        await link.DisposeAsync().ConfigureAwait(false);
        _patience?.Dispose();
        foreach (Keys keys in _all)
        {
            keys.Sealer.Dispose();
            keys.Opener.Dispose();
        }
    }

    (MessageKind Kind, object Head) ILinkOwner.Introduction() => (MessageKind.OpenFiles, new OpenFiles(PantryVersion.Current));

    Task ILinkOwner.IntroducedAsync(ServerLink link, Message answer)
    {
        if (answer.Head is not FilesOpened { ServerKey.Length: BulkCipher.KeyLength, PeerKey.Length: BulkCipher.KeyLength } opened)
            throw new PantryException(PantryErrorCode.NotAPantryServer, $"The server {_place.Server} answered the opening of its file service with {answer.Kind}.");
        _link = link;
        var keys = new Keys(new BulkCipher(opened.PeerKey), new BulkCipher(opened.ServerKey), Math.Clamp(opened.Window, _options.Wire.MaxChunkBytes, Limits.MaxChunkWindow));
        _all.Enqueue(keys);
        _keys = keys;
        return Task.CompletedTask;
    }

    async Task ILinkOwner.ReadyAsync(ServerLink link, CancellationToken lost)
    {
        lock (_all)
        {
            if (lost.IsCancellationRequested)
                return;
            _patience?.Dispose();
            _patience = null;
        }

        try
        {
            await _transfer.BeginAsync(this, lost).ConfigureAwait(false);
        }
        catch (Exception away) when (away is OperationCanceledException or PantryException { Code: PantryErrorCode.ConnectionLost } || lost.IsCancellationRequested)
        {
            // The next link begins anew.
        }
        catch (PantryException refused)
        {
            _transfer.Fail(refused);
        }
    }

    void ILinkOwner.Lost(ServerLink link)
    {
        _transfer.Lost();
        lock (_all)
        {
            _patience ??= _time.CreateTimer(
                _ => _transfer.Fail(new PantryException(PantryErrorCode.ServerUnreachable,
                    $"The server {_place.Server} could not be reached for {_options.ReattachTimeout.TotalSeconds:0.#} s in the middle of a transfer. Begin it again: what has come is kept.")),
                null, _options.ReattachTimeout, Timeout.InfiniteTimeSpan);
        }
    }

    void ILinkOwner.Receive(ServerLink link, Message message)
    {
        if (message.Head is Leave { Dismissed: true } or Leave { Forget: true })
            _transfer.Fail(new PantryException(PantryErrorCode.KeyRevoked, "The server trusts this side no more; the transfer is over."));
        else
            _transfer.Receive(this, message);
    }

    void ILinkOwner.ReceiveChunk(HandedFrame frame)
    {
        // Before there is a session nobody can have sealed it.
        if (_keys is null)
            frame.Dispose();
        else
            _transfer.ReceiveChunk(this, frame);
    }

    void ILinkOwner.ReceivePublished(ServerLink link, TopicId topic, byte[] frame)
    {
        // Nothing is published on this port.
    }

    Task ILinkOwner.BeatAsync(ServerLink link) => Task.CompletedTask;

    // Nobody waits for a server that does not let this side in again.
    void ILinkOwner.Refused(PantryException why)
    {
        if (why.Code is PantryErrorCode.KeyUnknown or PantryErrorCode.KeyRevoked or PantryErrorCode.KeyDenied)
            _transfer.Fail(why);
    }

    private Keys Current => _keys ?? throw new PantryException(PantryErrorCode.ConnectionLost, "There is no session on the file port.");

    private ServerLink Link => _link ?? throw new PantryException(PantryErrorCode.ConnectionLost, "There is no session on the file port.");

    private sealed record Keys(BulkCipher Sealer, BulkCipher Opener, int Window);
}

/// <summary>Where a server's file port is, and with what this side comes to it.</summary>
internal sealed record FilePlace(ServerAddress Server, LinkCredentials Credentials);
