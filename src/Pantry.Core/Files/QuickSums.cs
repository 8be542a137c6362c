using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.InteropServices;

namespace Pantry.Files;

/// <summary>
/// CRC-32C of content that was compared with its SHA-256 once: enough to find a byte that a disk has flipped, and many times as fast. For this process
/// only; who could change the content on purpose could change any sum on the disk, too.
/// </summary>
internal sealed class QuickSums
{
    private const int MostKept = 500_000;

    private readonly ConcurrentDictionary<ContentHash, uint> _sums = new();

    /// <summary>Content that was just compared with its hash.</summary>
    public void Note(ContentHash hash, ReadOnlySpan<byte> content)
    {
        if (_sums.Count > MostKept)
            _sums.Clear();
        _sums[hash] = Sum(content);
    }

    /// <summary>Whether it is what was compared before; false also where nothing was.</summary>
    public bool Fits(ContentHash hash, ReadOnlySpan<byte> content) => _sums.TryGetValue(hash, out uint sum) && sum == Sum(content);

    private static uint Sum(ReadOnlySpan<byte> content)
    {
        // Three sums side by side: each step of one waits some cycles for the step before it, and for none of the others.
        uint first = uint.MaxValue, second = uint.MaxValue, third = uint.MaxValue;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(content);
        int length = words.Length / 3;
        ReadOnlySpan<ulong> a = words[..length], b = words.Slice(length, length), c = words.Slice(2 * length, length);
        for (int i = 0; i < a.Length; i++)
        {
            first = BitOperations.Crc32C(first, a[i]);
            second = BitOperations.Crc32C(second, b[i]);
            third = BitOperations.Crc32C(third, c[i]);
        }

        foreach (byte rest in content[(3 * length * sizeof(ulong))..])
            first = BitOperations.Crc32C(first, rest);
        return BitOperations.Crc32C(BitOperations.Crc32C(first, second), third);
    }
}
