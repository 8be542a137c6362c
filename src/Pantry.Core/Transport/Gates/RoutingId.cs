using System.Buffers.Binary;

namespace Pantry.Transport.Gates;

/// <summary>The identity under which a gate introduces a numbered connection to our ROUTER, so that the ROUTER names the peer by that number.</summary>
internal static class RoutingId
{
    /// <summary>One byte, which must not be zero (that is how ROUTER begins the names it gives itself), and the number.</summary>
    public const int Length = 1 + sizeof(ulong);

    private const byte First = 1;

    public static byte[] Of(ulong number)
    {
        byte[] id = new byte[Length];
        id[0] = First;
        BinaryPrimitives.WriteUInt64BigEndian(id.AsSpan(1), number);
        return id;
    }

    /// <summary>False for whatever has not been introduced by a gate.</summary>
    public static bool TryRead(ReadOnlySpan<byte> id, out ulong number)
    {
        number = 0;
        return id.Length == Length && id[0] == First && BinaryPrimitives.TryReadUInt64BigEndian(id[1..], out number);
    }
}
