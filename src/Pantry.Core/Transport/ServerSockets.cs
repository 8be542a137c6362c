using System.Buffers.Binary;
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
    private readonly RouterSocket _receiver = new();
    private readonly RouterSocket _files = new();
    private readonly InboundQueue<ServerEvent> _inbound;

    private ServerSockets(SocketLoop loop, InboundQueue<ServerEvent> inbound, PantryOptions options)
    {
        _loop = loop;
        _inbound = inbound;
        long frame = Profiles.Subscribe(options.Wire).MaxFrameBytes;
        SocketDefaults.Apply(_publisher, frame, options.StopTimeout);
        SocketDefaults.Apply(_receiver, frame, options.StopTimeout);
        SocketDefaults.Apply(_files, frame, options.StopTimeout);
        // A peer that is gone is reported instead of swallowed.
        _receiver.Options.RouterMandatory = true;
        _files.Options.RouterMandatory = true;

        PublishEndPoint = Bind(_publisher);
        ReceiveEndPoint = Bind(_receiver);
        FileEndPoint = Bind(_files);
        loop.Add(_publisher, ReceiveSubscription);
        loop.Add(_receiver, () => Receive(_receiver, ServerPort.Receive));
        loop.Add(_files, () => Receive(_files, ServerPort.File));
    }

    public IPEndPoint PublishEndPoint { get; }

    public IPEndPoint ReceiveEndPoint { get; }

    public IPEndPoint FileEndPoint { get; }

    public static Task<ServerSockets> OpenAsync(SocketLoop loop, InboundQueue<ServerEvent> inbound, PantryOptions options) =>
        loop.InvokeAsync(() => new ServerSockets(loop, inbound, options));

    public void Publish(TopicId topic, byte[] frame)
    {
        var message = new NetMQMessage(2);
        message.Append(topic.ToBytes());
        message.Append(frame);
        _publisher.SendMultipartMessage(message);
    }

    public SendOutcome Send(PeerId peer, byte[][] frames)
    {
        var message = new NetMQMessage(frames.Length + 1);
        message.Append(RoutingId(peer.Number));
        foreach (byte[] frame in frames)
            message.Append(frame);
        try
        {
            RouterSocket socket = peer.Port == ServerPort.Receive ? _receiver : _files;
            return socket.TrySendMultipartMessage(message) ? SendOutcome.Sent : SendOutcome.Congested;
        }
        catch (HostUnreachableException)
        {
            return SendOutcome.Unreachable;
        }
    }

    public void Resume()
    {
        _loop.Resume(_publisher);
        _loop.Resume(_receiver);
        _loop.Resume(_files);
    }

    public void Dispose()
    {
        _loop.RemoveAndDispose(_publisher);
        _loop.RemoveAndDispose(_receiver);
        _loop.RemoveAndDispose(_files);
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

    private bool Receive(RouterSocket socket, ServerPort port)
    {
        if (!_inbound.HasRoom())
            return false;
        List<byte[]>? frames = null;
        if (socket.TryReceiveMultipartBytes(ref frames!, 5) && frames is [{ Length: 5 } routingId, _, ..])
            _inbound.Add(new ServerEvent.Received(new PeerId(port, BinaryPrimitives.ReadUInt32BigEndian(routingId.AsSpan(1))), [.. frames.Skip(1)]));
        return true;
    }

    private static byte[] RoutingId(uint number)
    {
        // ROUTER names a peer without identity by a zero byte and a number.
        byte[] id = new byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(id.AsSpan(1), number);
        return id;
    }
}
