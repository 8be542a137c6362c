using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>Greeting and READY with whoever is at the other end of a connection.</summary>
internal static class ZmtpHandshake
{
    public const int BufferBytes = 512;

    /// <summary>Says ours and hears the other's; what came after it is left in the buffer.</summary>
    /// <returns>Whether it stands, and where the rest is; otherwise what was refused, or nothing where the other side closed.</returns>
    public static async Task<(bool Stands, Range Left)> RunAsync(Socket socket, ReadOnlyMemory<byte> hello, HandshakeParser parser, ReadBuffer buffer)
    {
        await QuietSocket.TrySendAllAsync(socket, hello);
        while (true)
        {
            int count = await QuietSocket.TryReceiveAsync(socket, buffer, BufferBytes, more: false);
            int used = parser.Feed(buffer.Current.AsSpan(0, count));
            if (count == 0 || parser.Refusal != GateRefusal.None)
                return (false, 0..count);
            if (parser.IsDone)
                return (true, used..count);
        }
    }
}
