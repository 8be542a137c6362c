using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Pantry.Tests.Attacks;

/// <summary>A TCP connection that speaks ZMTP byte by byte, from any address of this machine.</summary>
internal sealed class RawZmtp : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    /// <summary>Connects; from another address of the loopback network where one is given.</summary>
    public static async Task<RawZmtp> ConnectAsync(int port, string from = "127.0.0.1", CancellationToken cancel = default)
    {
        var raw = new RawZmtp();
        try
        {
            // Closing leaves nothing behind, so that thousands of connections do not run out of ports.
            raw._socket.LingerState = new LingerOption(true, 0);
            raw._socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            await raw._socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancel);
            return raw;
        }
        catch
        {
            raw.Dispose();
            throw;
        }
    }

    public async Task SendAsync(byte[] bytes, CancellationToken cancel) => await _socket.SendAsync(bytes, SocketFlags.None, cancel);

    /// <summary>Says who it is, and passes over what the other side says of itself.</summary>
    public async Task GreetAsync(string type, CancellationToken cancel)
    {
        await SendAsync(ZmtpBytes.Hello(type), cancel);
        await ReadAsync(64, cancel);
        await ReadFrameAsync(cancel);
    }

    /// <summary>The next frame, whatever it is.</summary>
    public async Task<byte[]> ReadFrameAsync(CancellationToken cancel)
    {
        byte flags = (await ReadAsync(1, cancel))[0];
        int length = (flags & 2) != 0 ? (int)BinaryPrimitives.ReadUInt64BigEndian(await ReadAsync(8, cancel)) : (await ReadAsync(1, cancel))[0];
        return await ReadAsync(length, cancel);
    }

    /// <summary>All that comes until the other side closes, or until the end.</summary>
    public async Task<byte[]> ReadToEndAsync(CancellationToken end)
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[4096];
        try
        {
            while (await _socket.ReceiveAsync(buffer, SocketFlags.None, end) is > 0 and int read)
                all.Write(buffer, 0, read);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException)
        {
            // Cut, or long enough.
        }

        return all.ToArray();
    }

    public void Dispose() => _socket.Dispose();

    private async Task<byte[]> ReadAsync(int length, CancellationToken cancel)
    {
        byte[] bytes = new byte[length];
        for (int read = 0; read < length;)
        {
            int more = await _socket.ReceiveAsync(bytes.AsMemory(read), SocketFlags.None, cancel);
            read += more > 0 ? more : throw new SocketException((int)SocketError.ConnectionReset);
        }

        return bytes;
    }
}
