using System.Text;

namespace Pantry.Tests.Fuzzing;

/// <summary>Good inputs of a decoder with some damage, or other bytes altogether; the same for the same seed.</summary>
internal sealed class Damage(int seed, params byte[][] good)
{
    private static readonly byte[][] Snippets =
    [
        .. ((string[])
        [
            "null", "[]", "{}", "[null]", "\"\"", "\"\\ud800\"", "\"\\u0000\"", "-1", "1e999", "99999999999999999999", "true", "*", "..", "/", "\\", ":", ",", "\"",
            "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.9999999-14:00", "\"x\":1,", "{\"a\":", "\0", "\r\n", "C:", "é",
        ]).Select(Encoding.UTF8.GetBytes),
        [0xff, 0xfe], [0xed, 0xa0, 0x80], [0xff, 0xff, 0xff, 0xff], [0x80, 0, 0, 0], [0x7f, 0xff, 0xff, 0xff], [.. Enumerable.Repeat((byte)'[', 80)],
    ];

    private readonly Random _random = new(seed);

    public Random Random => _random;

    public byte[] Next()
    {
        if (_random.Next(50) == 0)
            return Bytes(_random.Next(300));
        byte[] bytes = good[_random.Next(good.Length)];
        for (int damages = _random.Next(5); damages > 0; damages--)
            bytes = Damaged(bytes);
        return bytes;
    }

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        _random.NextBytes(bytes);
        return bytes;
    }

    private byte[] Damaged(byte[] bytes)
    {
        byte[] snippet = Snippets[_random.Next(Snippets.Length)];
        if (bytes.Length == 0)
            return snippet;
        int at = _random.Next(bytes.Length), end = Math.Min(bytes.Length, at + 1 + _random.Next(24));
        return _random.Next(8) switch
        {
            0 => [.. bytes[..at], (byte)(bytes[at] ^ (1 << _random.Next(8))), .. bytes[(at + 1)..]],
            1 => [.. bytes[..at], (byte)_random.Next(256), .. bytes[(at + 1)..]],
            2 => bytes[..at],
            3 => [.. bytes[..at], .. bytes[end..]],
            4 => [.. bytes[..at], .. snippet, .. bytes[at..]],
            5 => [.. bytes[..end], .. bytes[at..]],
            6 => Spliced(bytes, at),
            _ => Replaced(bytes, at, snippet),
        };
    }

    // Its own beginning and another's end.
    private byte[] Spliced(byte[] bytes, int at)
    {
        byte[] other = good[_random.Next(good.Length)];
        return other.Length == 0 ? bytes : [.. bytes[..at], .. other[_random.Next(other.Length)..]];
    }

    // A whole value of JSON gives way, so that what comes out is often JSON again.
    private static byte[] Replaced(byte[] bytes, int at, byte[] by)
    {
        int colon = bytes.AsSpan(at).IndexOf((byte)':');
        if (colon < 0)
            return bytes;
        int start = at + colon + 1;
        int length = bytes.AsSpan(start).IndexOfAny((byte)',', (byte)'}', (byte)']');
        return length < 0 ? bytes : [.. bytes[..start], .. by, .. bytes[(start + length)..]];
    }
}
