using System.Net;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Configuration;

namespace Pantry.Transport;

/// <summary>
/// The NetMQ sockets of a client or an operator, bound to loopback behind the gates. An operator hears no orders and
/// has no subscriber. Used on the loop's thread only.
/// </summary>
internal sealed class ClientSockets : IDisposable
{
    private readonly SocketLoop _loop;
    private readonly DealerSocket _dealer = new();
    private readonly SubscriberSocket? _subscriber;
    private readonly InboundQueue<ClientEvent> _inbound;

    private ClientSockets(SocketLoop loop, InboundQueue<ClientEvent> inbound, bool hearsOrders, PantryOptions options)
    {
        _loop = loop;
        _inbound = inbound;
        long frame = Profiles.Subscribe(options.Wire).MaxFrameBytes;
        SocketDefaults.Apply(_dealer, frame, options.StopTimeout);
        AnswerEndPoint = ServerSockets.Bind(_dealer);
        loop.Add(_dealer, () => Receive(_dealer, published: false));
        if (!hearsOrders)
            return;

        _subscriber = new SubscriberSocket();
        SocketDefaults.Apply(_subscriber, frame, options.StopTimeout);
        OrderEndPoint = ServerSockets.Bind(_subscriber);
        loop.Add(_subscriber, () => Receive(_subscriber, published: true));
    }

    public IPEndPoint AnswerEndPoint { get; }

    public IPEndPoint? OrderEndPoint { get; }

    public static Task<ClientSockets> OpenAsync(SocketLoop loop, InboundQueue<ClientEvent> inbound, bool hearsOrders, PantryOptions options) =>
        loop.InvokeAsync(() => new ClientSockets(loop, inbound, hearsOrders, options));

    public SendOutcome Send(ArraySegment<byte> frame) => MessageParts.TrySend(_dealer, frame, more: false) ? SendOutcome.Sent : SendOutcome.Congested;

    public SendOutcome Send(byte[][] frames)
    {
        if (!MessageParts.TrySend(_dealer, frames[0], more: frames.Length > 1))
            return SendOutcome.Congested;
        for (int i = 1; i < frames.Length; i++)
            MessageParts.Send(_dealer, frames[i], more: i < frames.Length - 1);
        return SendOutcome.Sent;
    }

    public void Subscribe(TopicId topic) => _subscriber?.Subscribe(topic.ToBytes());

    public void Unsubscribe(TopicId topic) => _subscriber?.Unsubscribe(topic.ToBytes());

    public void Resume()
    {
        _loop.Resume(_dealer);
        if (_subscriber is not null)
            _loop.Resume(_subscriber);
    }

    public void Dispose()
    {
        _loop.RemoveAndDispose(_dealer);
        if (_subscriber is not null)
            _loop.RemoveAndDispose(_subscriber);
    }

    private bool Receive(NetMQSocket socket, bool published)
    {
        if (!_inbound.HasRoom())
            return false;
        if (MessageParts.TryReceive(socket) is not { } frames)
            return true;
        if (!published)
            _inbound.Add(new ClientEvent.Received(frames, null));
        else if (frames is [{ Length: TopicId.Length } topic, _])
            _inbound.Add(new ClientEvent.Received([frames[1]], TopicId.FromBytes(topic)));
        return true;
    }
}

/// <summary>Something that happened on the sockets of a client or an operator.</summary>
internal abstract record ClientEvent
{
    /// <summary>A transport message: sent to this peer, or published on a topic.</summary>
    public sealed record Received(byte[][] Frames, TopicId? Topic) : ClientEvent;

    /// <summary>The link that answers go over is there, or is not.</summary>
    public sealed record LinkChanged(bool Up, PantryException? Fault) : ClientEvent;
}
