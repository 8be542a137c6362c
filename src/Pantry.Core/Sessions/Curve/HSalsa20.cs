using System.Buffers.Binary;
using System.Numerics;

namespace Pantry.Sessions.Curve;

/// <summary>
/// The step of NaCl's boxes that makes a key of a shared point (<c>crypto_box_beforenm</c>): HSalsa20 with an input of
/// zeros. NaCl.Net does it inside its boxes only, where neither the point can be checked nor the key used twice.
/// </summary>
internal static class HSalsa20
{
    private const int DoubleRounds = 10;

    public static void Derive(ReadOnlySpan<byte> point, Span<byte> key)
    {
        Span<uint> x = stackalloc uint[16];
        x.Clear();
        x[0] = 0x61707865;
        x[5] = 0x3320646e;
        x[10] = 0x79622d32;
        x[15] = 0x6b206574;
        for (int i = 0; i < 4; i++)
        {
            x[1 + i] = BinaryPrimitives.ReadUInt32LittleEndian(point[(4 * i)..]);
            x[11 + i] = BinaryPrimitives.ReadUInt32LittleEndian(point[(16 + (4 * i))..]);
        }

        for (int round = 0; round < DoubleRounds; round++)
        {
            Quarter(ref x[0], ref x[4], ref x[8], ref x[12]);
            Quarter(ref x[5], ref x[9], ref x[13], ref x[1]);
            Quarter(ref x[10], ref x[14], ref x[2], ref x[6]);
            Quarter(ref x[15], ref x[3], ref x[7], ref x[11]);
            Quarter(ref x[0], ref x[1], ref x[2], ref x[3]);
            Quarter(ref x[5], ref x[6], ref x[7], ref x[4]);
            Quarter(ref x[10], ref x[11], ref x[8], ref x[9]);
            Quarter(ref x[15], ref x[12], ref x[13], ref x[14]);
        }

        for (int i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(key[(4 * i)..], x[5 * i]);
            BinaryPrimitives.WriteUInt32LittleEndian(key[(16 + (4 * i))..], x[6 + i]);
        }

        x.Clear();
    }

    private static void Quarter(ref uint a, ref uint b, ref uint c, ref uint d)
    {
        b ^= BitOperations.RotateLeft(a + d, 7);
        c ^= BitOperations.RotateLeft(b + a, 9);
        d ^= BitOperations.RotateLeft(c + b, 13);
        a ^= BitOperations.RotateLeft(d + c, 18);
    }
}
