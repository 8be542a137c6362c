using System.Security.Cryptography;

namespace Pantry.Transport;

/// <summary>The opaque id that stands for a topic on the wire: 16 random bytes, so nothing can be guessed or enumerated.</summary>
internal readonly record struct TopicId(UInt128 Value)
{
    public const int Length = 16;

    public static TopicId NewRandom() => FromBytes(RandomNumberGenerator.GetBytes(Length));

    public static TopicId FromBytes(ReadOnlySpan<byte> bytes) =>
        new(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Length];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);
        return bytes;
    }
}
