using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Pantry.Security;
using Pantry.Sessions.Curve;
using Pantry.Transport.Gates;

namespace Pantry.Bench.Fleet;

/// <summary>
/// A ZMTP connection on a bare socket, plain or with CURVE: two file descriptors' worth of a client, and no thread. The
/// floors' clients and Pantry's emulated ones are made of the same, so that what differs is the server.
/// </summary>
internal sealed class ZmtpSocket : IDisposable
{
    private const byte More = 1;
    private const byte Long = 2;
    private const byte Command = 4;

    private readonly Socket _socket;
    private readonly Lock _sending = new();
    private byte[] _buffer = new byte[1024];
    private int _from;
    private int _until;
    private CurveSession? _curve;

    private ZmtpSocket(Socket socket) => _socket = socket;

    /// <summary>Connects; with a key, by CURVE.</summary>
    public static async Task<ZmtpSocket> ConnectAsync(
        int port, ZmtpSocketType self, ZmtpSocketType other, CancellationToken deadline, (CurveKeyPair Own, PublicKey Server)? curve = null)
    {
        var connection = new ZmtpSocket(new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await connection._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), deadline);
            if (curve is { } keys)
                await connection.ShakeHandsAsync(self, keys.Own, keys.Server, deadline);
            else
                await connection.GreetAsync(self, other, deadline);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends messages in one piece; for any thread. What is made inside <paramref name="make"/> leaves in that order.</summary>
    public void Send(Func<IEnumerable<byte[][]>> make)
    {
        lock (_sending)
        {
            using var bytes = new MemoryStream();
            foreach (byte[][] frames in make())
            {
                for (int i = 0; i < frames.Length; i++)
                {
                    bool more = i < frames.Length - 1;
                    Write(bytes, more && _curve is null ? More : (byte)0, _curve?.Seal(frames[i], more) ?? frames[i]);
                }
            }

            _socket.Send(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        }
    }

    public void Send(params byte[][] frames) => Send(() => [frames]);

    /// <summary>The next message.</summary>
    public async Task<byte[][]> ReceiveAsync(CancellationToken deadline = default)
    {
        var frames = new List<byte[]>(4);
        for (bool more = true; more;)
        {
            (byte flags, byte[] frame) = await FrameAsync(deadline);
            more = (flags & More) != 0;
            if (_curve is { } curve && curve.Open(frame, out frame, out more) != CurveFault.None)
                throw new InvalidOperationException("A frame did not open.");
            frames.Add(frame);
        }

        return [.. frames];
    }

    public void Dispose()
    {
        _socket.Dispose();
        _curve?.Dispose();
    }

    private async Task GreetAsync(ZmtpSocketType self, ZmtpSocketType other, CancellationToken deadline)
    {
        await _socket.SendAsync(ZmtpReady.Hello(self), deadline);
        HandshakeParser parser = HandshakeParser.ForBackend(other);
        while (!parser.IsDone)
        {
            if (_from == _until)
                await FillAsync(1, deadline);
            _from += parser.Feed(_buffer.AsSpan(_from, _until - _from));
            if (parser.Refusal != GateRefusal.None)
                throw new InvalidOperationException("The handshake of an emulated client failed.");
        }
    }

    private async Task ShakeHandsAsync(ZmtpSocketType self, CurveKeyPair own, PublicKey server, CancellationToken deadline)
    {
        byte[] greeting = new byte[ZmtpGreeting.Length];
        ZmtpGreeting.Write(greeting);
        "CURVE"u8.CopyTo(greeting.AsSpan(12));
        await _socket.SendAsync(greeting, deadline);
        await FillAsync(ZmtpGreeting.Length, deadline);
        _from += ZmtpGreeting.Length;
        using var handshake = new CurveClientHandshake(own, server, CurveMetadata.Of(("Socket-Type", self.WireName()), ("Identity", "")));
        byte[]? say = handshake.Hello();
        while (say is not null)
        {
            using var bytes = new MemoryStream();
            Write(bytes, Command, say);
            await _socket.SendAsync(bytes.ToArray(), deadline);
            CurveClientStep step = handshake.Receive((await FrameAsync(deadline)).Body);
            if (step.Fault != CurveFault.None)
                throw new InvalidOperationException($"The handshake of an emulated client failed: {step.Fault}.");
            (say, _curve) = (step.Reply, step.Session);
        }
    }

    private async Task<(byte Flags, byte[] Body)> FrameAsync(CancellationToken deadline)
    {
        if (_until - _from < 2)
            await FillAsync(2, deadline);
        byte flags = _buffer[_from];
        int head = 2, length = _buffer[_from + 1];
        if ((flags & Long) != 0)
        {
            head = 1 + sizeof(long);
            await FillAsync(head, deadline);
            length = checked((int)BinaryPrimitives.ReadInt64BigEndian(_buffer.AsSpan(_from + 1)));
        }

        await FillAsync(head + length, deadline);
        byte[] body = _buffer.AsSpan(_from + head, length).ToArray();
        _from += head + length;
        return (flags, body);
    }

    private async ValueTask FillAsync(int needed, CancellationToken deadline)
    {
        while (_until - _from < needed)
        {
            if (_from > 0)
            {
                Buffer.BlockCopy(_buffer, _from, _buffer, 0, _until - _from);
                (_from, _until) = (0, _until - _from);
            }

            if (_buffer.Length < needed)
                Array.Resize(ref _buffer, Math.Max(needed, 2 * _buffer.Length));
            int count = await _socket.ReceiveAsync(_buffer.AsMemory(_until), deadline);
            if (count == 0)
                throw new EndOfStreamException("The server has closed the connection.");
            _until += count;
        }
    }

    private static void Write(MemoryStream bytes, byte flags, byte[] body)
    {
        Span<byte> head = stackalloc byte[1 + sizeof(long)];
        if (body.Length <= byte.MaxValue)
        {
            head = head[..2];
            head[1] = (byte)body.Length;
        }
        else
        {
            flags |= Long;
            BinaryPrimitives.WriteInt64BigEndian(head[1..], body.Length);
        }

        head[0] = flags;
        bytes.Write(head);
        bytes.Write(body);
    }
}
