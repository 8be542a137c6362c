using System.Threading.Channels;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Server;

/// <summary>
/// One peer's session: whose key stands behind it, when it was last heard, and its messages on their way out. Messages
/// leave in order; a peer that lets too many wait is dropped.
/// </summary>
internal sealed class ServerSession
{
    private const int OutboundMessages = 2048;

    // Rows and pages wait for room, so that no console is dropped for having asked for much.
    private const int BulkMessages = OutboundMessages / 2;

    private const double StrangersMessagesASecond = 5;
    private const double StrangersBurst = 50;

    private readonly Channel<bool> _bulk = Channel.CreateBounded<bool>(BulkMessages);

    private readonly Channel<Outgoing> _outbound = Channel.CreateBounded<Outgoing>(
        new BoundedChannelOptions(OutboundMessages) { SingleReader = true });

    private readonly Func<ServerSession, byte[][], Task<SendOutcome>> _send;
    private readonly Action<ServerSession, string> _drop;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _renewing = new();
    private int _sending;
    private int _requests;
    private volatile bool _closed;
    private TokenBucket _allowance = new(StrangersMessagesASecond, StrangersBurst, 0);

    public ServerSession(
        PeerId peer, PublicKey key, Senders role, string address, MessageChannel channel, long now,
        Func<ServerSession, byte[][], Task<SendOutcome>> send, Action<ServerSession, string> drop)
    {
        Peer = peer;
        Key = key;
        Role = role;
        Address = address;
        Messages = channel;
        LastHeard = BegunAt = OpenedAt = now;
        _send = send;
        _drop = drop;
    }

    public PeerId Peer { get; }

    /// <summary>The key that the peer has shown to hold: who speaks here, whatever is said.</summary>
    public PublicKey Key { get; }

    /// <summary>Where the peer is, as the gate saw it.</summary>
    public string Address { get; }

    public MessageChannel Messages { get; }

    /// <summary>What the peer may say.</summary>
    public Senders Role { get; set; }

    /// <summary>The way that chunks of files take; null where there is none.</summary>
    public Func<HandedFrame, Task<SendOutcome>>? ChunkExit { get; init; }

    /// <summary>Whether the peer has introduced itself.</summary>
    public bool Introduced { get; set; }

    /// <summary>Whether its operator takes itself away just now: it is closed behind the answer to that.</summary>
    public bool EndsItself { get; set; }

    /// <summary>Done when the orders that were given here so far are taken or refused. Used on the reading task only.</summary>
    public Task Starting { get; set; } = Task.CompletedTask;

    /// <summary>The client that speaks here; never taken from a message's content.</summary>
    public ClientRecord? Client { get; set; }

    /// <summary>Whether what the peer says may be long: pieces of it are held only for those who were let in.</summary>
    public bool MayFragment => Role == Senders.Operator || Peer.Port == ServerPort.File ? Introduced : Client is not null;

    /// <summary>Timestamp of the last message.</summary>
    public long LastHeard { get; set; }

    /// <summary>Timestamp of the handshake that the present keys are of.</summary>
    public long BegunAt { get; private set; }

    /// <summary>Timestamp of the first handshake.</summary>
    public long OpenedAt { get; }

    public bool Closed => _closed;

    /// <summary>
    /// Whether a peer that is not let in yet may say one more thing: a few are enough for that, and each costs the server's
    /// reading task. Called on that task only.
    /// </summary>
    /// <param name="sinceBegun">Time since the session began.</param>
    public bool MaySpeak(TimeSpan sinceBegun) => _allowance.TryTake((long)sinceBegun.TotalMilliseconds);

    /// <summary>Whether one more of the peer's requests may be answered beside the others; each that may is ended with <see cref="EndRequest"/>.</summary>
    public bool TryBeginRequest(int most)
    {
        if (Interlocked.Increment(ref _requests) <= most)
            return true;
        Interlocked.Decrement(ref _requests);
        return false;
    }

    public void EndRequest() => Interlocked.Decrement(ref _requests);

    /// <summary>Queues a message; a peer whose queue is full is dropped.</summary>
    public void Post(Message message) => Post(new Outgoing(message));

    /// <summary>The first thing that leaves: the handshake's last command.</summary>
    public void Begin(byte[] ready, CurveSession session) => Post(new Outgoing(null, ready, session));

    /// <summary>New keys: what comes next is under them, what leaves is so after READY.</summary>
    public void Renew(byte[] ready, CurveSession renewed, long now)
    {
        // In one order for both: what is sealed must follow its READY.
        lock (_renewing)
        {
            BegunAt = now;
            Messages.OpenWith(renewed);
            Post(new Outgoing(null, ready, renewed));
        }
    }

    /// <summary>Queues one of many messages as soon as there is room for it.</summary>
    public async Task PostBulkAsync(Message message, CancellationToken cancellation)
    {
        try
        {
            await _bulk.Writer.WriteAsync(true, cancellation).ConfigureAwait(false);
            Post(new Outgoing(message, IsBulk: true));
        }
        catch (ChannelClosedException)
        {
            // The session has ended meanwhile.
        }
    }

    /// <summary>Sends a chunk of a file, which is sealed by itself, beside all that is queued.</summary>
    public Task<SendOutcome> SendChunkAsync(HandedFrame frame) => ChunkExit is { } exit ? exit(frame) : Task.FromResult(SendOutcome.Closed);

    /// <summary>Waits until what was queued has left.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await _outbound.Writer.WriteAsync(new Outgoing(null, Left: left), cancellation).ConfigureAwait(false);
            BeginSending();
        }
        catch (ChannelClosedException)
        {
            // Closed: all has left when it has ended.
            await _ended.Task.WaitAsync(cancellation).ConfigureAwait(false);
            return;
        }

        await Task.WhenAny(left.Task, _ended.Task).WaitAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Takes no more; what is queued still leaves, and then the keys are wiped.</summary>
    public void Close()
    {
        _closed = true;
        _outbound.Writer.TryComplete();
        _bulk.Writer.TryComplete();
        BeginSending();
    }

    private void Post(Outgoing outgoing)
    {
        if (Closed)
            return;
        if (!_outbound.Writer.TryWrite(outgoing))
        {
            // Closed meanwhile: what was queued before that still leaves.
            if (Closed)
                return;
            _drop(this, "it does not take its messages");
            // One that comes again and again without reading would leave a full queue behind each time.
            while (_outbound.Reader.TryRead(out _))
                continue;
            return;
        }

        BeginSending();
    }

    private void BeginSending()
    {
        if (Interlocked.Exchange(ref _sending, 1) == 0)
            _ = Task.Run(SendQueuedAsync);
    }

    private async Task SendQueuedAsync()
    {
        do
        {
            // Looked at first: what was queued before the end leaves before it.
            bool closed = Closed;
            while (_outbound.Reader.TryRead(out Outgoing outgoing))
            {
                SendOutcome outcome = await SendAsync(outgoing).ConfigureAwait(false);
                if (outgoing.IsBulk)
                    _bulk.Reader.TryRead(out _);
                if (outcome is SendOutcome.Sent)
                    continue;
                _drop(this, outcome == SendOutcome.Unreachable ? "its connection is gone" : "it does not take its messages");
                End();
                return;
            }

            if (closed)
            {
                End();
                return;
            }

            Volatile.Write(ref _sending, 0);
        }
        while ((_outbound.Reader.TryPeek(out _) || Closed) && Interlocked.Exchange(ref _sending, 1) == 0);
    }

    private void End()
    {
        Messages.Dispose();
        _ended.TrySetResult();
    }

    private async Task<SendOutcome> SendAsync(Outgoing outgoing)
    {
        if (outgoing.Left is { } left)
        {
            left.TrySetResult();
            return SendOutcome.Sent;
        }

        if (outgoing.Ready is { } ready)
        {
            SendOutcome outcome = await _send(this, [ready]).ConfigureAwait(false);
            Messages.SealWith(outgoing.Renewed!);
            return outcome;
        }

        try
        {
            foreach (byte[][] piece in Messages.Cut(outgoing.Message!))
            {
                if (Messages.Seal(piece) is not { } frames)
                    return SendOutcome.Closed;
                SendOutcome outcome = await _send(this, frames).ConfigureAwait(false);
                if (outcome != SendOutcome.Sent)
                    return outcome;
            }
        }
        catch (PantryException)
        {
            // A message larger than the protocol's: lost, and the session with it, for its receiver waits for an answer.
            return SendOutcome.Congested;
        }

        return SendOutcome.Sent;
    }

    private readonly record struct Outgoing(Message? Message, byte[]? Ready = null, CurveSession? Renewed = null, TaskCompletionSource? Left = null, bool IsBulk = false);
}
