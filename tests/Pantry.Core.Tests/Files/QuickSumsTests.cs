using Pantry.Files;

namespace Pantry.Tests.Files;

public sealed class QuickSumsTests
{
    [Fact]
    public void A_flipped_bit_anywhere_and_pieces_that_changed_places_do_not_fit()
    {
        foreach (int length in (int[])[1, 7, 8, 23, 24, 25, 47, 48, 100, 1000])
        {
            var sums = new QuickSums();
            byte[] content = FileTestFolder.Random(length, length);
            var hash = ContentHash.Of(content);
            Assert.False(sums.Fits(hash, content));
            sums.Note(hash, content);

            Assert.True(sums.Fits(hash, content));
            Assert.All(Enumerable.Range(0, 8 * length), bit =>
            {
                byte[] flipped = [.. content];
                flipped[bit / 8] ^= (byte)(1 << (bit % 8));
                Assert.False(sums.Fits(hash, flipped));
            });
            for (int at = 1; at < length; at++)
                Assert.False(sums.Fits(hash, [.. content[at..], .. content[..at]]));
            Assert.False(sums.Fits(hash, content.AsSpan(1)));
        }
    }
}
