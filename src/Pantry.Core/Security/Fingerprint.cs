using System.Security.Cryptography;

namespace Pantry.Security;

/// <summary>
/// A short name of a public key, to read aloud and compare: the first 100 bits of its SHA-256 in Crockford's base 32,
/// five groups of four.
/// </summary>
internal static class Fingerprint
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const int Characters = 20;
    private const int Group = 4;

    public static string Of(ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        var text = new System.Text.StringBuilder(Characters + (Characters / Group));
        for (int i = 0; i < Characters; i++)
        {
            if (i > 0 && i % Group == 0)
                text.Append('-');
            int bit = i * 5;
            int twoBytes = (hash[bit / 8] << 8) | hash[(bit / 8) + 1];
            text.Append(Alphabet[(twoBytes >> (11 - (bit % 8))) & 31]);
        }

        return text.ToString();
    }

    /// <summary>A fingerprint as people type it, in the form <see cref="Of"/> gives; null where it is none.</summary>
    public static string? Normalize(string? text)
    {
        string plain = new([.. (text ?? "").ToLowerInvariant().Where(character => character is not ('-' or ' ' or ':')).Select(Unmistaken)]);
        return plain.Length == Characters && plain.All(character => Alphabet.Contains(character, StringComparison.Ordinal))
            ? string.Join('-', plain.Chunk(Group).Select(group => new string(group)))
            : null;
    }

    // Crockford's reading of letters that look like digits.
    private static char Unmistaken(char character) => character switch
    {
        'o' => '0',
        'i' or 'l' => '1',
        _ => character,
    };
}
