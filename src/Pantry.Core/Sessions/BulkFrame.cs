using System.Buffers.Binary;
using Pantry.Transport.Gates;

namespace Pantry.Sessions;

/// <summary>
/// A chunk on the wire, one frame: name, transfer, number of the chunk in the transfer, counter of the key, the sealed bytes, tag. What
/// chunk it is stands only in the question that it answers, for hashes would tell a listener which known files pass by.
/// </summary>
internal static class BulkFrame
{
    public const int HeaderLength = 6 + (3 * sizeof(ulong));
    public const int TagLength = 16;

    private static ReadOnlySpan<byte> Name => "\u0005CHUNK"u8;

    /// <summary>Whether a transport message is a chunk. Said by its name alone: nothing is known yet of who wrote it.</summary>
    public static bool Is(byte[][] frames) => frames is [{ Length: > HeaderLength + TagLength } frame] && frame.AsSpan().StartsWith(Name);

    /// <summary>Chunks come past a client's sockets: they are sealed by themselves, and each is one frame.</summary>
    public static FrameBypass Bypass(Action<HandedFrame> take) => new(Name.ToArray(), HeaderLength + TagLength + 1, take);

    /// <summary>Bytes of the frame of a chunk.</summary>
    public static int LengthOf(int chunk) => HeaderLength + chunk + TagLength;

    public static void WriteHeader(Span<byte> frame, ulong transfer, ulong number, ulong counter)
    {
        Name.CopyTo(frame);
        BinaryPrimitives.WriteUInt64BigEndian(frame[6..], transfer);
        BinaryPrimitives.WriteUInt64BigEndian(frame[14..], number);
        BinaryPrimitives.WriteUInt64BigEndian(frame[22..], counter);
    }

    public static (ulong Transfer, ulong Number, ulong Counter) ReadHeader(ReadOnlySpan<byte> frame) => (
        BinaryPrimitives.ReadUInt64BigEndian(frame[6..]), BinaryPrimitives.ReadUInt64BigEndian(frame[14..]), BinaryPrimitives.ReadUInt64BigEndian(frame[22..]));
}
