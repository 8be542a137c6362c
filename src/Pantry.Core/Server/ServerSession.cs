using System.Threading.Channels;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Transport;

namespace Pantry.Server;

/// <summary>
/// One peer's conversation: who it has shown to be, when it was last heard, and its messages on their way out. Messages
/// leave in order; a peer that lets too many wait is dropped.
/// </summary>
internal sealed class ServerSession
{
    private const int OutboundMessages = 2048;

    // Rows and pages wait for room, so that no console is dropped for having asked for much.
    private const int BulkMessages = OutboundMessages / 2;

    private readonly Channel<MessageKind> _bulk = Channel.CreateBounded<MessageKind>(BulkMessages);

    private readonly Channel<Message> _outbound = Channel.CreateBounded<Message>(
        new BoundedChannelOptions(OutboundMessages) { SingleReader = true });

    private readonly Func<ServerSession, Message, Task<SendOutcome>> _send;
    private readonly Action<ServerSession, string> _drop;
    private int _sending;

    public ServerSession(
        PeerId peer, MessageChannel channel, long now, Func<ServerSession, Message, Task<SendOutcome>> send, Action<ServerSession, string> drop)
    {
        Peer = peer;
        Messages = channel;
        LastHeard = now;
        _send = send;
        _drop = drop;
    }

    public PeerId Peer { get; }

    public MessageChannel Messages { get; }

    /// <summary>What the peer has shown to be; <see cref="Senders.None"/> until it has.</summary>
    public Senders Role { get; set; }

    /// <summary>The client that speaks here; never taken from a message's content.</summary>
    public ClientRecord? Client { get; set; }

    /// <summary>Timestamp of the last message.</summary>
    public long LastHeard { get; set; }

    public bool Closed { get; private set; }

    /// <summary>Queues a message; a peer whose queue is full is dropped.</summary>
    public void Post(Message message)
    {
        if (Closed)
            return;
        if (!_outbound.Writer.TryWrite(message))
        {
            _drop(this, "it does not take its messages");
            // One that comes again and again without reading would leave a full queue behind each time.
            while (_outbound.Reader.TryRead(out _))
                continue;
            return;
        }

        if (Interlocked.Exchange(ref _sending, 1) == 0)
            _ = Task.Run(SendQueuedAsync);
    }

    /// <summary>Queues one of many messages as soon as there is room for it.</summary>
    public async Task PostBulkAsync(Message message, CancellationToken cancellation)
    {
        try
        {
            await _bulk.Writer.WriteAsync(message.Kind, cancellation).ConfigureAwait(false);
            Post(message);
        }
        catch (ChannelClosedException)
        {
            // The session has ended meanwhile.
        }
    }

    /// <summary>Waits until what was queued has left.</summary>
    public async Task FlushAsync(CancellationToken cancellation)
    {
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (Volatile.Read(ref _sending) == 1 || (!Closed && _outbound.Reader.TryPeek(out _)))
            await tick.WaitForNextTickAsync(cancellation).ConfigureAwait(false);
    }

    public void Close()
    {
        Closed = true;
        _outbound.Writer.TryComplete();
        _bulk.Writer.TryComplete();
    }

    private async Task SendQueuedAsync()
    {
        do
        {
            while (_outbound.Reader.TryRead(out Message? message))
            {
                SendOutcome outcome = await _send(this, message).ConfigureAwait(false);
                if (message.Kind is MessageKind.Row or MessageKind.ClientPage)
                    _bulk.Reader.TryRead(out _);
                if (outcome is SendOutcome.Sent)
                    continue;
                _drop(this, outcome == SendOutcome.Unreachable ? "its connection is gone" : "it does not take its messages");
                return;
            }

            Volatile.Write(ref _sending, 0);
        }
        while (_outbound.Reader.TryPeek(out _) && Interlocked.Exchange(ref _sending, 1) == 0);
    }
}
