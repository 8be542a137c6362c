using System.Security.Cryptography;

namespace Pantry.Security;

/// <summary>The public half of a <see cref="SigningKey"/>: a SubjectPublicKeyInfo on P-256, in its one uncompressed form.</summary>
internal sealed class VerifyKey : IEquatable<VerifyKey>
{
    /// <summary>Bytes of the one form that is accepted.</summary>
    public const int Length = 91;

    private const int HeadLength = 26;

    private readonly byte[] _bytes;
    // To import a key takes three times as long as to verify with it. ECDsa promises nothing to threads that share one.
    private readonly ECDsa _key;
    private readonly Lock _one = new();

    private VerifyKey(byte[] bytes, ECDsa key)
    {
        _bytes = bytes;
        _key = key;
        Fingerprint = Security.Fingerprint.Of(bytes);
    }

    // An algorithm, a curve and the mark of an uncompressed point: any other beginning is another kind of key.
    private static ReadOnlySpan<byte> Head =>
    [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
        0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];

    public ReadOnlySpan<byte> Bytes => _bytes;

    public string Fingerprint { get; }

    /// <exception cref="PantryException">The bytes are no public key on P-256.</exception>
    public static VerifyKey FromBytes(ReadOnlySpan<byte> bytes) => TryFromBytes(bytes)
        ?? throw new PantryException(PantryErrorCode.InvalidKey, "This is no public signing key: it must be a SubjectPublicKeyInfo of an uncompressed ECDSA key on P-256.");

    public static VerifyKey? TryFromBytes(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length || !bytes[..HeadLength].SequenceEqual(Head) || bytes[HeadLength] != 4)
            return null;
        var key = ECDsa.Create();
        try
        {
            // Also whether the point is on the curve.
            key.ImportSubjectPublicKeyInfo(bytes, out _);
            return new VerifyKey(bytes.ToArray(), key);
        }
        catch (Exception exception) when (exception is CryptographicException or NotSupportedException)
        {
            key.Dispose();
            return null;
        }
    }

    /// <exception cref="PantryException">The text is no public key.</exception>
    public static VerifyKey Parse(string? text) => TryParse(text)
        ?? throw new PantryException(PantryErrorCode.InvalidKey, "This is no public signing key: it must be the base64 text that Pantry shows for one.");

    public static VerifyKey? TryParse(string? text)
    {
        Span<byte> bytes = stackalloc byte[Length];
        return Convert.TryFromBase64String((text ?? "").Trim(), bytes, out int length) ? TryFromBytes(bytes[..length]) : null;
    }

    public bool Verify(ReadOnlySpan<byte> context, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        if (signature.Length != SigningKey.SignatureLength)
            return false;
        byte[] hash = Hash(context, data);
        lock (_one)
            return _key.VerifyHash(hash, signature, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <summary>What is signed: SHA-256 over the context, a zero byte and the data.</summary>
    internal static byte[] Hash(ReadOnlySpan<byte> context, ReadOnlySpan<byte> data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(context);
        hash.AppendData([0]);
        hash.AppendData(data);
        return hash.GetHashAndReset();
    }

    public bool Equals(VerifyKey? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => Equals(obj as VerifyKey);

    public override int GetHashCode() => BitConverter.ToInt32(_bytes, Length - sizeof(int));

    /// <summary>The key in base64.</summary>
    public override string ToString() => Convert.ToBase64String(_bytes);
}
