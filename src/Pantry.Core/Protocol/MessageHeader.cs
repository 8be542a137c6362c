using System.Buffers.Binary;

namespace Pantry.Protocol;

/// <summary>
/// The first frame of every message: magic <c>PTRY</c>, major, minor, kind, a zero byte, and the correlation number,
/// big-endian. It alone can be read whatever the version is.
/// </summary>
internal readonly record struct MessageHeader(byte Major, byte Minor, MessageKind Kind, ulong Correlation)
{
    public const int Length = 16;

    private static ReadOnlySpan<byte> Magic => "PTRY"u8;

    public byte[] ToBytes()
    {
        byte[] frame = new byte[Length];
        Magic.CopyTo(frame);
        frame[4] = Major;
        frame[5] = Minor;
        frame[6] = (byte)Kind;
        BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(8), Correlation);
        return frame;
    }

    public static bool TryRead(ReadOnlySpan<byte> frame, out MessageHeader header)
    {
        header = default;
        if (frame.Length != Length || !frame.StartsWith(Magic) || frame[7] != 0)
            return false;
        header = new MessageHeader(frame[4], frame[5], (MessageKind)frame[6], BinaryPrimitives.ReadUInt64BigEndian(frame[8..]));
        return true;
    }
}
