using System.Buffers.Binary;
using System.Net;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Configuration;
using Pantry.Transport.Gates;

namespace Pantry.Transport;

/// <summary>
/// One of a server's ROUTERs, bound to loopback behind its gate. It has one peer, the gate's link; the peers that matter
/// are known by the numbers that the gate gave their connections, which stand in front of every message. Used on the
/// loop's thread only.
/// </summary>
internal sealed class RouterPort : IDisposable
{
    private readonly SocketLoop _loop;
    private readonly RouterSocket _socket = new();
    private readonly ServerPort _port;
    private readonly InboundQueue<ServerEvent> _inbound;
    // Those that were heard and have not ended; false for those that are not listened to any more.
    private readonly Dictionary<ulong, bool> _peers = [];
    // Those of a link that broke, of whose end the host is still to be told.
    private readonly Queue<ulong> _lost = [];
    private readonly List<byte[]> _frames = [];
    private byte[] _link = [];
    private Msg _part;
    private long _strays;
    private long _sent;

    public RouterPort(ServerPort port, SocketLoop loop, InboundQueue<ServerEvent> inbound, PantryOptions options)
    {
        _port = port;
        _loop = loop;
        _inbound = inbound;
        _part.InitEmpty();
        SocketDefaults.Apply(_socket, Profiles.Subscribe(options.Wire).MaxFrameBytes, options.StopTimeout);
        // The gate bounds what waits for each peer; a bound for the one link would make all wait for the slow ones.
        _socket.Options.SendHighWatermark = 0;
        // A link that is gone is reported instead of swallowed.
        _socket.Options.RouterMandatory = true;
        EndPoint = ServerSockets.Bind(_socket);
        loop.Add(_socket, Receive);
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Messages dropped because they came from no connection that is heard. From any thread.</summary>
    public long Strays => Interlocked.Read(ref _strays);

    /// <summary>Messages and ends that were sent over the present link. From any thread.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>The gate is going to introduce itself under this name; whoever has another is a stranger.</summary>
    public void SetLink(byte[] name)
    {
        _link = name;
        Interlocked.Exchange(ref _sent, 0);
        foreach (ulong number in _peers.Keys)
            _lost.Enqueue(number);
        _peers.Clear();
        TellLost();
    }

    /// <summary>Sends a message to a peer for which the gate has room; false if there is no link to the gate.</summary>
    public bool Send(ulong number, byte[][] frames)
    {
        try
        {
            SendPart(_link, more: true);
            SendNumber(number, frames.Length > 0);
            for (int index = 0; index < frames.Length; index++)
                SendPart(frames[index], index < frames.Length - 1);
            Interlocked.Increment(ref _sent);
            return true;
        }
        catch (HostUnreachableException)
        {
            return false;
        }
    }

    /// <summary>Ends a peer's connection after what was sent to it before.</summary>
    public void End(ulong number)
    {
        if (_peers.ContainsKey(number))
            _peers[number] = false;
        Send(number, []);
    }

    public void Resume()
    {
        TellLost();
        _loop.Resume(_socket);
    }

    public void Dispose() => _loop.RemoveAndDispose(_socket);

    private bool Receive()
    {
        if (!_inbound.HasRoom())
            return false;
        if (!_socket.TryReceive(ref _part, TimeSpan.Zero))
            return true;
        bool isOurs = _part.Slice().SequenceEqual(_link), more = _part.HasMore;
        ulong? number = null;
        _frames.Clear();
        while (more && _socket.TryReceive(ref _part, TimeSpan.Zero))
        {
            more = _part.HasMore;
            if (!isOurs)
                continue;
            if (number is not null)
                _frames.Add(MessageParts.Take(ref _part));
            else if (BinaryPrimitives.TryReadUInt64BigEndian(_part.Slice(), out ulong read))
                number = read;
        }

        if (number is not { } known)
            Interlocked.Increment(ref _strays);
        else
            Take(known);
        TellLost();
        return true;
    }

    private void Take(ulong number)
    {
        var peer = new PeerId(_port, number);
        if (_frames.Count == 0)
        {
            if (_peers.Remove(number))
                _inbound.Add(new ServerEvent.Disconnected(peer));
        }
        else if (!_peers.TryGetValue(number, out bool isHeard) ? _peers.TryAdd(number, true) : isHeard)
        {
            _inbound.Add(new ServerEvent.Received(peer, [.. _frames]));
        }
        else
        {
            Interlocked.Increment(ref _strays);
        }
    }

    private void TellLost()
    {
        while (_lost.Count > 0 && _inbound.HasRoom())
            _inbound.Add(new ServerEvent.Disconnected(new PeerId(_port, _lost.Dequeue())));
    }

    private void SendNumber(ulong number, bool more)
    {
        byte[] frame = new byte[LinkMessage.NumberBytes];
        BinaryPrimitives.WriteUInt64BigEndian(frame, number);
        SendPart(frame, more);
    }

    // The bytes are the message's own: nobody changes them afterwards.
    private void SendPart(byte[] bytes, bool more)
    {
        var part = new Msg();
        part.InitGC(bytes, bytes.Length);
        _socket.Send(ref part, more);
        part.Close();
    }
}
