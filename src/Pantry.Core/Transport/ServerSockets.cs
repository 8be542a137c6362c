using System.Net;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Configuration;

namespace Pantry.Transport;

/// <summary>
/// The NetMQ sockets of a server, bound to loopback behind the gates. Everything but the constructor's result is used on
/// the loop's thread only.
/// </summary>
internal sealed class ServerSockets : IDisposable
{
    private readonly SocketLoop _loop;
    private readonly XPublisherSocket _publisher = new();
    private readonly InboundQueue<ServerEvent> _inbound;

    private ServerSockets(SocketLoop loop, InboundQueue<ServerEvent> inbound, InboundQueue<ServerEvent> files, Func<PeerId, bool> isHeard, PantryOptions options, TimeProvider time)
    {
        _loop = loop;
        _inbound = inbound;
        SocketDefaults.Apply(_publisher, Profiles.Subscribe(options.Wire).MaxFrameBytes, options.StopTimeout);
        PublishEndPoint = Bind(_publisher);
        loop.Add(_publisher, ReceiveSubscription);
        Receiver = new RouterPort(ServerPort.Receive, loop, inbound, isHeard, options, time);
        Files = new RouterPort(ServerPort.File, loop, files, isHeard, options, time);
    }

    public IPEndPoint PublishEndPoint { get; }

    public RouterPort Receiver { get; }

    public RouterPort Files { get; }

    public static Task<ServerSockets> OpenAsync(
        SocketLoop loop, InboundQueue<ServerEvent> inbound, InboundQueue<ServerEvent> files, Func<PeerId, bool> isHeard, PantryOptions options, TimeProvider time) =>
        loop.InvokeAsync(() => new ServerSockets(loop, inbound, files, isHeard, options, time));

    public RouterPort Of(ServerPort port) => port == ServerPort.Receive ? Receiver : Files;

    public void Publish(TopicId topic, byte[] frame)
    {
        var message = new NetMQMessage(2);
        message.Append(topic.ToBytes());
        message.Append(frame);
        _publisher.SendMultipartMessage(message);
    }

    public void Resume()
    {
        _loop.Resume(_publisher);
        Receiver.Resume();
        Files.Resume();
    }

    public void Dispose()
    {
        _loop.RemoveAndDispose(_publisher);
        Receiver.Dispose();
        Files.Dispose();
    }

    internal static IPEndPoint Bind(NetMQSocket socket)
    {
        socket.Bind("tcp://127.0.0.1:0");
        return IPEndPoint.Parse(new Uri(socket.Options.LastEndpoint!).Authority);
    }

    private bool ReceiveSubscription()
    {
        if (!_inbound.HasRoom())
            return false;
        if (_publisher.TryReceiveFrameBytes(out byte[]? frame) && frame is { Length: TopicId.Length + 1 })
            _inbound.Add(new ServerEvent.SubscriptionChanged(TopicId.FromBytes(frame.AsSpan(1)), frame[0] == 1));
        return true;
    }
}
