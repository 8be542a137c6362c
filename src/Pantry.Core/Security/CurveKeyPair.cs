using System.Security.Cryptography;
using NaCl;

namespace Pantry.Security;

/// <summary>A secret key of CURVE (X25519) and the public key that belongs to it. The secret is wiped on disposal.</summary>
internal sealed class CurveKeyPair : IDisposable
{
    public const int SecretLength = 32;

    private readonly byte[] _secret;
    private bool _disposed;

    private CurveKeyPair(byte[] secret)
    {
        _secret = secret;
        PublicKey = PublicKey.FromBytes(Curve25519.ScalarMultiplicationBase(secret));
    }

    public PublicKey PublicKey { get; }

    public ReadOnlySpan<byte> Secret
    {
        get
        {
            // A wiped key is all zeros, and would be used as if it were one.
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _secret;
        }
    }

    public static CurveKeyPair Generate() => new(RandomNumberGenerator.GetBytes(SecretLength));

    public static CurveKeyPair FromSecret(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretLength);
        return new CurveKeyPair(secret.ToArray());
    }

    /// <summary>The pair of a secret key in Z85; null where the text is none.</summary>
    public static CurveKeyPair? TryParseSecret(string? text)
    {
        byte[] secret = new byte[SecretLength];
        return Z85.TryDecode((text ?? "").Trim(), secret) ? new CurveKeyPair(secret) : null;
    }

    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_secret);
    }

    /// <summary>The public key's fingerprint; never the secret.</summary>
    public override string ToString() => PublicKey.Fingerprint;
}
