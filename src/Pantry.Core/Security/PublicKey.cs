using System.Security.Cryptography;

namespace Pantry.Security;

/// <summary>A public key of CURVE (X25519), as text in Z85.</summary>
internal sealed class PublicKey : IEquatable<PublicKey>
{
    public const int Length = 32;
    public const int TextLength = 40;

    private readonly byte[] _bytes;

    private PublicKey(byte[] bytes)
    {
        _bytes = bytes;
        Fingerprint = Security.Fingerprint.Of(bytes);
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    public string Fingerprint { get; }

    public static PublicKey FromBytes(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        return new PublicKey(bytes.ToArray());
    }

    /// <exception cref="PantryException">The text is no key.</exception>
    public static PublicKey Parse(string? text, string what = "public key") => TryParse(text)
        ?? throw new PantryException(PantryErrorCode.InvalidKey,
            $"This is no {what}: it must be {TextLength} characters of Z85, as New-PantryEnrollment, curve_keygen and the server's PublicKey show it.");

    public static PublicKey? TryParse(string? text)
    {
        byte[] bytes = new byte[Length];
        return Z85.TryDecode((text ?? "").Trim(), bytes) ? new PublicKey(bytes) : null;
    }

    public bool Equals(PublicKey? other) => other is not null && CryptographicOperations.FixedTimeEquals(_bytes, other._bytes);

    public override bool Equals(object? obj) => Equals(obj as PublicKey);

    public override int GetHashCode() => BitConverter.ToInt32(_bytes);

    /// <summary>The key in Z85.</summary>
    public override string ToString() => Z85.Encode(_bytes);
}
