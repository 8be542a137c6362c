using System.Security.Cryptography;
using Pantry.Tests.Attacks;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

public sealed class EndMarkTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(33)]
    [InlineData(34)]
    [InlineData(100_000)]
    public void What_is_before_the_mark_is_passed_on_however_the_bytes_are_split(int size)
    {
        var mark = new EndMark();
        byte[] frame = ZmtpBytes.Frame(0, mark.Body);
        // Beginnings of the mark, also several in a row, are no mark.
        byte[] said = [.. RandomNumberGenerator.GetBytes(100), .. frame[..33], .. frame[..2], .. frame[..20], 0, 0, 32, 0];
        byte[] all = [.. said, .. frame, .. RandomNumberGenerator.GetBytes(50)];

        var passed = new List<byte>();
        bool found = false;
        for (int at = 0; at < all.Length && !found; at += size)
            passed.AddRange(mark.Before(all.AsMemory(at, Math.Min(size, all.Length - at)), out found).Span);

        Assert.True(found);
        Assert.Equal(said, passed);
        Assert.Equal(0, mark.Held.Length);
    }

    [Fact]
    public void What_was_held_back_is_there_if_the_mark_does_not_come()
    {
        var mark = new EndMark();
        byte[] said = [1, 2, 3, 0, 32];

        byte[] passed = mark.Before(said, out bool found).ToArray();

        Assert.False(found);
        Assert.Equal(said, (byte[])[.. passed, .. mark.Held.Span]);
        Assert.Equal(2, mark.Held.Length);
    }
}
