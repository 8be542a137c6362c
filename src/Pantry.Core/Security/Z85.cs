using System.Buffers.Binary;

namespace Pantry.Security;

/// <summary>Z85, the text form of keys in ZeroMQ's tools (ZeroMQ RFC 32): five characters for four bytes.</summary>
internal static class Z85
{
    private const string Alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
    private const int Base = 85;

    /// <param name="bytes">A multiple of four bytes.</param>
    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length % 4, 0);
        Span<char> text = stackalloc char[bytes.Length / 4 * 5];
        for (int group = 0; group < bytes.Length / 4; group++)
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(bytes[(group * 4)..]);
            for (int place = 4; place >= 0; place--)
            {
                text[(group * 5) + place] = Alphabet[(int)(value % Base)];
                value /= Base;
            }
        }

        string encoded = new(text);
        text.Clear();
        return encoded;
    }

    /// <summary>False where the text is no Z85 of exactly that many bytes.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        if (bytes.Length % 4 != 0 || text.Length != bytes.Length / 4 * 5)
            return false;
        for (int group = 0; group < bytes.Length / 4; group++)
        {
            ulong value = 0;
            foreach (char character in text.Slice(group * 5, 5))
            {
                int digit = Alphabet.IndexOf(character, StringComparison.Ordinal);
                if (digit < 0)
                    return false;
                value = (value * Base) + (uint)digit;
            }

            if (value > uint.MaxValue)
                return false;
            BinaryPrimitives.WriteUInt32BigEndian(bytes[(group * 4)..], (uint)value);
        }

        return true;
    }
}
