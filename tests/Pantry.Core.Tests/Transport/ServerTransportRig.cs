using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Tests.Attacks;
using Pantry.Tests.Transport.Gates;
using Pantry.Transport;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport;

/// <summary>A server's transport with its loop, and what happened on it, as tests want them.</summary>
internal sealed class ServerTransportRig : IAsyncDisposable
{
    private readonly SocketLoop _loop;
    private readonly IAsyncEnumerator<ServerEvent> _events;

    private ServerTransportRig(SocketLoop loop, ServerTransport transport)
    {
        _loop = loop;
        Transport = transport;
        _events = transport.Events.GetAsyncEnumerator();
    }

    public ServerTransport Transport { get; }

    public GateCounters Counters => Transport.GateCounters.ElementAt(1);

    public static async Task<ServerTransportRig> OpenAsync(PantryOptions? options = null, GateLimits? limits = null)
    {
        SocketLoop loop = SocketLoop.Start("test server", 4096, NullLogger.Instance);
        ServerTransport transport = await ServerTransport.OpenAsync(
            [IPAddress.Loopback], (0, 0, 0), loop, options ?? new PantryOptions(), limits ?? new GateLimits(), TimeProvider.System, NullLogger.Instance);
        return new ServerTransportRig(loop, transport);
    }

    /// <summary>A peer that has said one thing.</summary>
    public async Task<Socket> DialAsync(params byte[] says)
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(GateRig.Loopback(Transport.ReceivePort));
        await peer.SendAsync((byte[])[.. ZmtpBytes.Hello("DEALER"), .. ZmtpBytes.Frame(0, says)]);
        return peer;
    }

    /// <summary>The next thing that happened.</summary>
    public async Task<T> NextAsync<T>() where T : ServerEvent
    {
        Assert.True(await _events.MoveNextAsync().AsTask().WaitAsync(GateRig.Patience), "the events have ended");
        return Assert.IsType<T>(_events.Current);
    }

    public async Task<ServerEvent> NextAsync() => await _events.MoveNextAsync().AsTask().WaitAsync(GateRig.Patience)
        ? _events.Current
        : throw new InvalidOperationException("The events have ended.");

    /// <summary>Reads the handshake and then all frames until the connection ends.</summary>
    public static async Task<List<byte[]>> ReadToEndAsync(Socket peer)
    {
        var all = new MemoryStream();
        using var stream = new NetworkStream(peer);
        using var deadline = new CancellationTokenSource(GateRig.Patience);
        await stream.CopyToAsync(all, deadline.Token);
        byte[] bytes = all.ToArray();
        int at = ZmtpReady.Hello(ZmtpSocketType.Router).Length;
        var messages = new List<byte[]>();
        while (at < bytes.Length)
        {
            bool isLong = (bytes[at] & 2) != 0;
            int length = isLong ? (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes.AsSpan(at + 1)) : bytes[at + 1];
            at += isLong ? 9 : 2;
            messages.Add(bytes[at..(at + length)]);
            at += length;
        }

        return messages;
    }

    public async ValueTask DisposeAsync()
    {
        await Transport.DisposeAsync();
        await _loop.DisposeAsync();
    }
}
