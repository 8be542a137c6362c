using System.Buffers.Binary;

namespace Pantry.Transport.Gates;

/// <summary>A topic id as a number, for looking it up.</summary>
internal static class TopicKey
{
    public static UInt128 Of(ReadOnlySpan<byte> topic)
    {
        Span<byte> key = stackalloc byte[16];
        key.Clear();
        topic[..Math.Min(topic.Length, 16)].CopyTo(key);
        return BinaryPrimitives.ReadUInt128BigEndian(key);
    }

    /// <summary>Writes a topic of the target's length.</summary>
    public static void Write(UInt128 key, Span<byte> target)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, key);
        bytes[..target.Length].CopyTo(target);
    }
}
