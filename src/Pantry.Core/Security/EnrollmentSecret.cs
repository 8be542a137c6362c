using System.Buffers.Text;
using System.Security.Cryptography;

namespace Pantry.Security;

/// <summary>
/// The text of a one-time token: 24 random bytes and the SHA-256 of the fleet's root key, so that who has the token knows
/// whom to trust, in base64url behind <c>pantry-</c>.
/// </summary>
internal static class EnrollmentSecret
{
    private const string Prefix = "pantry-";
    private const int RandomBytes = 24;

    public static string New(VerifyKey root)
    {
        Span<byte> bytes = stackalloc byte[RandomBytes + SHA256.HashSizeInBytes];
        RandomNumberGenerator.Fill(bytes[..RandomBytes]);
        SHA256.HashData(root.Bytes, bytes[RandomBytes..]);
        return Prefix + Base64Url.EncodeToString(bytes);
    }

    /// <summary>Whether the root key is the one that the token names.</summary>
    /// <exception cref="PantryException">The text is no token.</exception>
    public static bool Names(string token, ReadOnlySpan<byte> root)
    {
        byte[] bytes = new byte[RandomBytes + SHA256.HashSizeInBytes];
        string text = token.Trim();
        if (!text.StartsWith(Prefix, StringComparison.Ordinal)
            || !Base64Url.TryDecodeFromChars(text.AsSpan(Prefix.Length), bytes, out int length) || length != bytes.Length)
        {
            throw new PantryException(PantryErrorCode.InvalidEnrollment, "This is no token as New-PantryEnrollmentToken makes it. Give the whole text of its property Token.");
        }

        return CryptographicOperations.FixedTimeEquals(SHA256.HashData(root), bytes.AsSpan(RandomBytes));
    }
}
