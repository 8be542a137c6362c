using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Pantry.Files;

/// <summary>
/// Cuts files into chunks where their content says so, so that an insertion moves the cuts behind it and changes no more than
/// the chunks it touches. FastCDC, as Xia and others published it (USENIX ATC 2016): a rolling sum of random numbers for each byte,
/// no cut before a least length, and a condition that is harder to meet before the usual length than after it.
/// The figures are part of the format: other ones cut differently, and nothing would be found again.
/// </summary>
internal static class Chunker
{
    public const int MinBytes = 64 * 1024;

    public const int UsualBytes = 256 * 1024;

    public const int MaxBytes = 1024 * 1024;

    // 20 and 16 bits: the usual length would be 18.
    private const ulong HardMask = 0xfffff00000000000;
    private const ulong EasyMask = 0xffff000000000000;

    private static readonly ulong[] Gear = MakeGear();

    /// <summary>Length of the first chunk.</summary>
    /// <param name="data">What follows in the file: <see cref="MaxBytes"/> at least, or all there is.</param>
    public static int Cut(ReadOnlySpan<byte> data)
    {
        if (data.Length <= MinBytes)
            return data.Length;
        int most = Math.Min(data.Length, MaxBytes);
        int usual = Math.Min(most, UsualBytes);
        ReadOnlySpan<ulong> gear = Gear;
        ulong sum = 0;
        int at = MinBytes;
        for (; at < usual; at++)
        {
            sum = (sum << 1) + gear[data[at]];
            if ((sum & HardMask) == 0)
                return at + 1;
        }

        for (; at < most; at++)
        {
            sum = (sum << 1) + gear[data[at]];
            if ((sum & EasyMask) == 0)
                return at + 1;
        }

        return most;
    }

    // From a hash, so that anybody can make the same numbers.
    private static ulong[] MakeGear()
    {
        byte[] seed = Encoding.ASCII.GetBytes("Pantry chunk 1\0\0");
        ulong[] gear = new ulong[256];
        for (int i = 0; i < gear.Length; i++)
        {
            seed[^1] = (byte)i;
            gear[i] = BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(seed));
        }

        return gear;
    }
}
