using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Pantry.Transport.Gates;

namespace Pantry.Bench;

/// <summary>A ZMTP connection on a bare socket, with the least that does.</summary>
internal static class RawZmtp
{
    private const byte More = 1;
    private const byte Long = 2;

    public static async Task<Socket> ConnectAsync(int port, ZmtpSocketType self, ZmtpSocketType other)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await HandshakeAsync(socket, port, self, other);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static async Task SendAsync(Socket socket, params byte[][] frames)
    {
        var bytes = new List<byte>();
        for (int i = 0; i < frames.Length; i++)
        {
            byte more = i < frames.Length - 1 ? More : (byte)0;
            if (frames[i].Length <= byte.MaxValue)
            {
                bytes.AddRange([more, (byte)frames[i].Length]);
            }
            else
            {
                byte[] length = new byte[sizeof(long)];
                BinaryPrimitives.WriteInt64BigEndian(length, frames[i].Length);
                bytes.AddRange([(byte)(more | Long), .. length]);
            }

            bytes.AddRange(frames[i]);
        }

        await socket.SendAsync(bytes.ToArray());
    }

    /// <summary>The next message.</summary>
    public static async Task<byte[][]> ReceiveAsync(Socket socket)
    {
        var frames = new List<byte[]>();
        for (bool more = true; more;)
        {
            byte flags = (await ReadAsync(socket, 1))[0];
            more = (flags & More) != 0;
            byte[] length = await ReadAsync(socket, (flags & Long) != 0 ? sizeof(long) : 1);
            frames.Add(await ReadAsync(socket, length.Length == 1 ? length[0] : (int)BinaryPrimitives.ReadInt64BigEndian(length)));
        }

        return [.. frames];
    }

    private static async Task HandshakeAsync(Socket socket, int port, ZmtpSocketType self, ZmtpSocketType other)
    {
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        await socket.SendAsync(ZmtpReady.Hello(self));
        HandshakeParser parser = HandshakeParser.ForBackend(other);
        byte[] buffer = new byte[256];
        while (!parser.IsDone)
        {
            int count = await socket.ReceiveAsync(buffer);
            if (count == 0)
                throw new EndOfStreamException("The connection was closed.");
            if (parser.Feed(buffer.AsSpan(0, count)) != count)
                throw new InvalidOperationException("The handshake of an emulated client failed.");
        }
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int length)
    {
        byte[] bytes = new byte[length];
        for (int have = 0; have < length;)
        {
            int count = await socket.ReceiveAsync(bytes.AsMemory(have));
            if (count == 0)
                throw new EndOfStreamException("The server has closed the connection.");
            have += count;
        }

        return bytes;
    }
}
