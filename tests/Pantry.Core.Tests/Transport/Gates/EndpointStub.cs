using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Pantry.Tests.Attacks;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

/// <summary>Plays the endpoint behind a server's gate, as bare sockets, so that a test sees the link and can break it.</summary>
internal sealed class EndpointStub : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly ZmtpSocketType _type;

    public EndpointStub(ZmtpSocketType type)
    {
        _type = type;
        _listener.Start();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The next link of the gate, with its handshake done.</summary>
    public async Task<LinkEnd> AcceptAsync()
    {
        Socket socket = await _listener.AcceptSocketAsync().WaitAsync(GateRig.Patience);
        var stream = new NetworkStream(socket, ownsSocket: true);
        await stream.WriteAsync(ZmtpBytes.Hello(_type.WireName()));
        byte[] hello = new byte[64 + 2];
        await stream.ReadExactlyAsync(hello);
        byte[] ready = new byte[hello[^1]];
        await stream.ReadExactlyAsync(ready);
        return new LinkEnd(socket, stream, ready);
    }

    public void Dispose() => _listener.Dispose();
}

/// <summary>The endpoint's end of a link.</summary>
internal sealed class LinkEnd(Socket socket, Stream stream, byte[] ready) : IDisposable
{
    /// <summary>What the gate said of itself.</summary>
    public byte[] Ready => ready;

    /// <summary>Bytes that came and were not read.</summary>
    public int Available => socket.Available;

    /// <summary>The next message's frames; null when the gate has closed.</summary>
    public async Task<List<byte[]>?> ReadAsync()
    {
        using var deadline = new CancellationTokenSource(GateRig.Patience);
        var frames = new List<byte[]>();
        bool more = true;
        while (more)
        {
            byte[] header = new byte[2];
            if (await stream.ReadAtLeastAsync(header, 2, false, deadline.Token) < 2)
                return null;
            more = (header[0] & 1) != 0;
            ulong length = header[1];
            if ((header[0] & 2) != 0)
            {
                byte[] rest = new byte[8];
                rest[0] = header[1];
                await stream.ReadExactlyAsync(rest.AsMemory(1), deadline.Token);
                length = BinaryPrimitives.ReadUInt64BigEndian(rest);
            }

            byte[] body = new byte[length];
            await stream.ReadExactlyAsync(body, deadline.Token);
            frames.Add(body);
        }

        return frames;
    }

    /// <summary>Says a message to a connection; without frames, that it is to end.</summary>
    public ValueTask SayAsync(ulong number, params byte[][] frames) => SayAsync([.. Message([NumberFrame(number), .. frames])]);

    public ValueTask SayAsync(byte[] bytes) => stream.WriteAsync(bytes);

    public static byte[] NumberFrame(ulong number)
    {
        byte[] frame = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(frame, number);
        return frame;
    }

    public static byte[] Message(params byte[][] frames) =>
        [.. frames.SelectMany((frame, index) => ZmtpBytes.Frame((byte)(index < frames.Length - 1 ? 1 : 0), frame))];

    public void Dispose() => stream.Dispose();
}
