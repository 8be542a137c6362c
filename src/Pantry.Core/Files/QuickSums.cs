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
        uint sum = uint.MaxValue;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(content))
            sum = BitOperations.Crc32C(sum, word);
        foreach (byte rest in content[(content.Length & ~7)..])
            sum = BitOperations.Crc32C(sum, rest);
        return sum;
    }
}
