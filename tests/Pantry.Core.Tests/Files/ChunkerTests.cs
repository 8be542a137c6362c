using CsCheck;
using Pantry.Files;
using Pantry.Tests.Security;

namespace Pantry.Tests.Files;

public sealed class ChunkerTests
{
    [Fact]
    public void An_insertion_in_the_middle_of_a_file_costs_the_chunks_that_it_touches()
    {
        byte[] before = FileTestFolder.Random(16 * 1024 * 1024, 1);
        byte[] after = [.. before[..5_000_000], .. "inserted"u8, .. before[5_000_000..]];

        HashSet<ContentHash> known = [.. Chunks(before)];
        ContentHash[] chunks = [.. Chunks(after)];

        Assert.InRange(chunks.Length, 16, 256);
        Assert.InRange(chunks.Count(chunk => !known.Contains(chunk)), 1, 3);
    }

    [Fact]
    public void Chunks_have_the_usual_length_on_the_whole_and_none_is_too_short_or_too_long()
    {
        byte[] data = FileTestFolder.Random(32 * 1024 * 1024, 2);
        int[] lengths = [.. Lengths(data)];

        Assert.All(lengths[..^1], length => Assert.InRange(length, Chunker.MinBytes, Chunker.MaxBytes));
        Assert.InRange(lengths.Average(), Chunker.UsualBytes * 0.6, Chunker.UsualBytes * 1.4);
    }

    [Fact]
    public void Bytes_that_are_all_the_same_are_cut_at_the_most_length() =>
        Assert.All(Lengths(new byte[8 * Chunker.MaxBytes]), length => Assert.Equal(Chunker.MaxBytes, length));

    [Fact]
    public void The_cuts_are_the_same_for_ever_since_they_are_part_of_the_format()
    {
        byte[] data = FileTestFolder.Random(4 * 1024 * 1024, 3);

        Assert.Equal([280573, 304114, 336720, 198394, 340026, 276481], Lengths(data).Take(6));
    }

    [Fact]
    public void Whatever_the_data_the_chunks_are_the_data() => Gen.Byte.Array[0, 3000].Select(Gen.Int[1, 800]).Sample((piece, times) =>
    {
        byte[] data = [.. Enumerable.Repeat(piece, times).SelectMany(bytes => bytes)];
        Assert.Equal(data.Length, Lengths(data).Sum());
        Assert.All(Lengths(data), length => Assert.InRange(length, 1, Chunker.MaxBytes));
    }, iter: Math.Min(Fuzz.Iterations, 200));

    private static IEnumerable<int> Lengths(byte[] data)
    {
        for (int at = 0; at < data.Length;)
        {
            int length = Chunker.Cut(data.AsSpan(at));
            yield return length;
            at += length;
        }
    }

    private static IEnumerable<ContentHash> Chunks(byte[] data)
    {
        int at = 0;
        foreach (int length in Lengths(data))
        {
            yield return ContentHash.Of(data.AsSpan(at, length));
            at += length;
        }
    }
}
