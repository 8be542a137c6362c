using System.Buffers.Binary;
using System.Security.Cryptography;
using NaCl;
using Pantry.Security;

namespace Pantry.Sessions.Curve;

/// <summary>NaCl's boxes as CurveZMQ uses them: the key two sides agree on, and one box under a key and a nonce.</summary>
internal static class CurveBox
{
    public const int KeyLength = XSalsa20Poly1305.KeyLength;
    public const int NonceLength = XSalsa20Poly1305.NonceLength;
    public const int ShortNonceLength = 8;
    public const int LongNonceLength = 16;

    /// <summary>What a box is longer than its contents.</summary>
    public const int Overhead = XSalsa20Poly1305.TagLength;

    /// <summary>
    /// The key of the boxes between a secret and a peer's public key. False where the point they share is zero, which
    /// anybody knows, and where the top bit is set: X25519 ignores it, so one key would have two names.
    /// </summary>
    public static bool TryAgree(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> peer, Span<byte> key)
    {
        key.Clear();
        if ((peer[PublicKey.Length - 1] & 0x80) != 0)
            return false;
        Span<byte> point = stackalloc byte[Curve25519.ScalarLength];
        Curve25519.ScalarMultiplication(point, secret, peer);
        int any = 0;
        foreach (byte part in point)
            any |= part;
        if (any != 0)
            HSalsa20.Derive(point, key);
        CryptographicOperations.ZeroMemory(point);
        return any != 0;
    }

    public static void Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> contents, Span<byte> box)
    {
        using var cipher = new XSalsa20Poly1305(key);
        cipher.Encrypt(box, contents, nonce);
    }

    public static bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> box, Span<byte> contents)
    {
        using var cipher = new XSalsa20Poly1305(key);
        return cipher.TryDecrypt(contents, box, nonce);
    }

    /// <summary>A nonce of a prefix of 16 bytes and a counter, or of a prefix of 8 and random bytes.</summary>
    public static void WriteNonce(Span<byte> nonce, ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> rest)
    {
        prefix.CopyTo(nonce);
        rest.CopyTo(nonce[prefix.Length..]);
    }

    public static void WriteNonce(Span<byte> nonce, ReadOnlySpan<byte> prefix, ulong counter)
    {
        prefix.CopyTo(nonce);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[prefix.Length..], counter);
    }
}
