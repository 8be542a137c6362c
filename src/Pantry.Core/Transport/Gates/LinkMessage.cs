using System.Buffers.Binary;

namespace Pantry.Transport.Gates;

/// <summary>
/// A message on the link between a gate and its endpoint. Its first frame is a key: the number of a connection, or a
/// topic. What follows are the frames as the peer sent them or gets them, so nothing is encoded anew.
/// </summary>
/// <param name="whole">All bytes of it.</param>
/// <param name="keyBytes">Length of the key.</param>
internal readonly ref struct LinkMessage(ReadOnlySpan<byte> whole, int keyBytes)
{
    public const int NumberBytes = sizeof(ulong);

    private const int ShortHeader = 2;
    private const byte More = 0x01;
    private const byte Long = 0x02;

    /// <summary>Bytes before the frames of a message that has a connection's number.</summary>
    public const int NumberHeadBytes = ShortHeader + NumberBytes;

    private readonly int _keyBytes = keyBytes;

    /// <summary>All bytes of it.</summary>
    public ReadOnlySpan<byte> Whole { get; } = whole;

    public ReadOnlySpan<byte> Key => Whole.Slice(ShortHeader, _keyBytes);

    /// <summary>What follows the key; nothing where the key stands alone.</summary>
    public ReadOnlySpan<byte> Frames => Whole[(ShortHeader + _keyBytes)..];

    public ulong Number => BinaryPrimitives.ReadUInt64BigEndian(Key);

    /// <summary>Writes the frame with a connection's number.</summary>
    public static void WriteHead(Span<byte> target, ulong number, bool alone)
    {
        target[0] = alone ? (byte)0 : More;
        target[1] = NumberBytes;
        BinaryPrimitives.WriteUInt64BigEndian(target[ShortHeader..], number);
    }

    /// <summary>The header of a frame that is a message by itself.</summary>
    public static byte[] HeaderOf(int length)
    {
        if (length <= byte.MaxValue)
            return [0, (byte)length];
        byte[] header = new byte[1 + sizeof(ulong)];
        header[0] = Long;
        BinaryPrimitives.WriteUInt64BigEndian(header.AsSpan(1), (ulong)length);
        return header;
    }

    /// <summary>The body of a whole message of one frame; nothing where it has more.</summary>
    public static ReadOnlySpan<byte> OnlyFrame(ReadOnlySpan<byte> message) => message.IsEmpty || (message[0] & More) != 0
        ? [] : message[((message[0] & Long) != 0 ? 1 + sizeof(ulong) : ShortHeader)..];

    /// <summary>What frames of a message take on the wire, headers included.</summary>
    public static long WireBytes(ReadOnlySpan<byte[]> frames)
    {
        long bytes = 0;
        foreach (byte[] frame in frames)
            bytes += frame.Length + (frame.Length > byte.MaxValue ? 1 + sizeof(ulong) : ShortHeader);
        return bytes;
    }

    /// <summary>Looks for a whole message at the beginning of some bytes of our endpoint, and judges it.</summary>
    /// <param name="bytes">What came.</param>
    /// <param name="keyBytes">Length that a key must have.</param>
    /// <param name="mostBytes">Length that a message may have.</param>
    /// <param name="length">Its length; where it is not whole yet, how much there must be to know more.</param>
    public static LinkVerdict Judge(ReadOnlySpan<byte> bytes, int keyBytes, int mostBytes, out int length)
    {
        int at = 0;
        bool isKey = true;
        while (true)
        {
            length = at + ShortHeader;
            if (bytes.Length < length)
                return LinkVerdict.Incomplete;
            byte flags = bytes[at];
            if ((flags & ~(More | Long)) != 0)
                return LinkVerdict.Broken;
            ulong size = bytes[at + 1];
            if ((flags & Long) != 0)
            {
                length = at + 1 + sizeof(ulong);
                if (bytes.Length < length)
                    return LinkVerdict.Incomplete;
                size = BinaryPrimitives.ReadUInt64BigEndian(bytes[(at + 1)..]);
            }

            if (size > (ulong)(mostBytes - Math.Min(length, mostBytes)) || (isKey && (size != (ulong)keyBytes || (flags & Long) != 0)))
                return LinkVerdict.Broken;
            at = length += (int)size;
            if (bytes.Length < length)
                return LinkVerdict.Incomplete;
            if ((flags & More) == 0)
                return LinkVerdict.Whole;
            isKey = false;
        }
    }
}

/// <summary>What is at the beginning of some bytes of our endpoint.</summary>
internal enum LinkVerdict
{
    /// <summary>A part of a message.</summary>
    Incomplete,

    /// <summary>A message.</summary>
    Whole,

    /// <summary>What our endpoint never says.</summary>
    Broken,
}
