using System.Net;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Configuration;
using Pantry.Transport.Gates;

namespace Pantry.Transport;

/// <summary>
/// One of a server's ROUTERs, bound to loopback behind its gate: it sends to peers and hears them by the numbers that the
/// gate gave their connections. Used on the loop's thread only.
/// </summary>
internal sealed class RouterPort : IDisposable
{
    private readonly SocketLoop _loop;
    private readonly RouterSocket _socket = new();
    private readonly ServerPort _port;
    private readonly InboundQueue<ServerEvent> _inbound;
    private readonly Func<PeerId, bool> _isHeard;
    private readonly EndedPeers _ended;
    private long _strays;

    /// <param name="port">Which port it is.</param>
    /// <param name="loop">The loop that owns the socket.</param>
    /// <param name="inbound">Where received messages go.</param>
    /// <param name="isHeard">Whether the gate has this connection and it is not dismissed.</param>
    /// <param name="options">Limits.</param>
    /// <param name="time">Clock.</param>
    public RouterPort(
        ServerPort port, SocketLoop loop, InboundQueue<ServerEvent> inbound, Func<PeerId, bool> isHeard, PantryOptions options, TimeProvider time)
    {
        _port = port;
        _loop = loop;
        _inbound = inbound;
        _isHeard = isHeard;
        _ended = new EndedPeers(_socket, port, inbound, time);
        SocketDefaults.Apply(_socket, Profiles.Subscribe(options.Wire).MaxFrameBytes, options.StopTimeout);
        // A peer that is gone is reported instead of swallowed.
        _socket.Options.RouterMandatory = true;
        EndPoint = ServerSockets.Bind(_socket);
        loop.Add(_socket, Receive);
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>Messages dropped because they came from no connection that is heard. From any thread.</summary>
    public long Strays => Interlocked.Read(ref _strays);

    public SendOutcome Send(ulong number, params ReadOnlySpan<byte[]> frames)
    {
        try
        {
            if (!MessageParts.TrySend(_socket, RoutingId.Of(number), more: true))
                return SendOutcome.Congested;
            for (int i = 0; i < frames.Length; i++)
                MessageParts.Send(_socket, frames[i], more: i < frames.Length - 1);
            return SendOutcome.Sent;
        }
        catch (HostUnreachableException)
        {
            return SendOutcome.Unreachable;
        }
    }

    /// <summary>A connection that reached the socket has ended; <paramref name="told"/> completes when the host's queue has its notice.</summary>
    public void End(ulong number, TaskCompletionSource told) => _ended.Add(number, told);

    public void Resume()
    {
        // Ends first: messages of others would take the room again and again.
        _ended.Tell();
        _loop.Resume(_socket);
    }

    public void Dispose() => _loop.RemoveAndDispose(_socket);

    private bool Receive()
    {
        if (!_inbound.HasRoom())
            return false;
        if (MessageParts.TryReceive(_socket) is { } frames)
        {
            if (frames is [{ } id, _, ..] && RoutingId.TryRead(id, out ulong number) && new PeerId(_port, number) is var peer && _isHeard(peer))
                _inbound.Add(new ServerEvent.Received(peer, frames[1..]));
            else
                Interlocked.Increment(ref _strays);
        }

        _ended.Tell();
        return true;
    }
}
