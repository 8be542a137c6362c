using System.Runtime.InteropServices;
using NetMQ;

namespace Pantry.Transport;

/// <summary>Parts of messages in and out of a socket. Large ones are handed over instead of copied. On the loop's thread.</summary>
internal static class MessageParts
{
    // Below it a copy costs less than an array that nobody else may use any more.
    private const int Large = 8 * 1024;

    /// <summary>The parts of the next message; null where there is none.</summary>
    public static byte[][]? TryReceive(NetMQSocket socket)
    {
        var part = new Msg();
        part.InitEmpty();
        if (!socket.TryReceive(ref part, TimeSpan.Zero))
            return null;
        var parts = new List<byte[]>(4);
        bool more;
        do
        {
            more = part.HasMore;
            parts.Add(Take(ref part));
        }
        while (more && socket.TryReceive(ref part, TimeSpan.Zero));
        part.Close();
        return [.. parts];
    }

    /// <summary>Sends a part; the bytes are the socket's from then on, and nobody may change them.</summary>
    public static void Send(NetMQSocket socket, byte[] bytes, bool more)
    {
        var part = new Msg();
        part.InitGC(bytes, bytes.Length);
        socket.Send(ref part, more);
        part.Close();
    }

    /// <summary>Sends the first part; false where the socket has no room for the message.</summary>
    public static bool TrySend(NetMQSocket socket, ArraySegment<byte> bytes, bool more)
    {
        var part = new Msg();
        part.InitGC(bytes.Array!, bytes.Offset, bytes.Count);
        bool sent = socket.TrySend(ref part, TimeSpan.Zero, more);
        part.Close();
        return sent;
    }

    /// <summary>The bytes of a part; whether more follow is to be asked before.</summary>
    public static byte[] Take(ref Msg part)
    {
        if (part.Size < Large || part.IsShared || !MemoryMarshal.TryGetArray<byte>(part.SliceAsMemory(), out ArraySegment<byte> own)
            || own.Array is not { } array || own.Offset != 0 || own.Count != array.Length)
        {
            return part.CloneData();
        }

        // Forgotten, not closed: closing would give the array to another message where somebody has set a pool.
        part.InitEmpty();
        return array;
    }
}
