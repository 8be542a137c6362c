using System.Security.Cryptography;
using System.Text;
using NaCl;

namespace Pantry.Security;

/// <summary>
/// An order's secrets, for its targets alone: sealed once with AES-256-GCM under a key made for the order, which is
/// wrapped for each target in a NaCl box. The server passes them on and cannot open them.
/// </summary>
internal sealed class SealedSecrets : IDisposable
{
    public const int MaxSecrets = 64;

    /// <summary>Largest body; what is in it is base64 inside.</summary>
    public const int MaxBodyBytes = 512 * 1024;

    private const int KeyLength = 32;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int BoxNonceLength = 24;
    private const int MaxNameLength = 128;
    private const int Overhead = PublicKey.Length + NonceLength + TagLength;

    private readonly string _job;
    private readonly byte[] _key;
    private readonly CurveKeyPair _ephemeral;
    private readonly XSalsa20Poly1305 _everybodys;

    private SealedSecrets(string job, byte[] plain)
    {
        _job = job;
        _key = RandomNumberGenerator.GetBytes(KeyLength);
        _ephemeral = CurveKeyPair.Generate();
        _everybodys = new Curve25519XSalsa20Poly1305(_ephemeral.Secret, new byte[PublicKey.Length]);

        Body = new byte[Overhead + plain.Length];
        _ephemeral.PublicKey.Bytes.CopyTo(Body);
        Span<byte> nonce = Body.AsSpan(PublicKey.Length, NonceLength);
        RandomNumberGenerator.Fill(nonce);
        using var cipher = new AesGcm(_key, TagLength);
        cipher.Encrypt(nonce, plain, Body.AsSpan(PublicKey.Length + NonceLength, plain.Length), Body.AsSpan(Body.Length - TagLength), Context(job, _ephemeral.PublicKey.Bytes));
    }

    /// <summary>The ephemeral public key, the nonce, the sealed values and their tag.</summary>
    public byte[] Body { get; }

    private static ReadOnlySpan<byte> Purpose => "Pantry secrets"u8;

    /// <summary>Seals values for a job; then each target's key is wrapped with <see cref="WrapFor"/>.</summary>
    /// <exception cref="PantryException">There are too many, they are too large, or a name is none.</exception>
    public static SealedSecrets Seal(string job, IReadOnlyDictionary<string, byte[]> values)
    {
        if (values.Count is 0 or > MaxSecrets || values.Keys.Any(name => !IsName(name)))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"An order takes 1 to {MaxSecrets} secrets, each with a name of at most {MaxNameLength} characters.");
        if (values.Values.Sum(value => (long)value.Length) > MaxBodyBytes / 2)
            throw new PantryException(PantryErrorCode.LimitReached, $"The secrets of an order have at most {MaxBodyBytes / 2:N0} bytes together.");
        byte[] plain = SecurityJson.ToBytes(values.ToDictionary(), SecurityJson.Default.DictionaryStringByteArray);
        try
        {
            return new SealedSecrets(job, plain);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>The key, for one target.</summary>
    /// <exception cref="PantryException">The target's key is one that hides nothing.</exception>
    public byte[] WrapFor(PublicKey target)
    {
        byte[] nonce = BoxNonce(_job, target);
        byte[] wrapped = new byte[TargetTags.WrappedKeyLength];
        using (var box = new Curve25519XSalsa20Poly1305(_ephemeral.Secret, target.Bytes))
            box.Encrypt(wrapped, _key, nonce);

        // A point of low order agrees with every secret on the same key, which everybody can make.
        byte[] open = new byte[TargetTags.WrappedKeyLength];
        _everybodys.Encrypt(open, _key, nonce);
        return wrapped.AsSpan().SequenceEqual(open)
            ? throw new PantryException(PantryErrorCode.InvalidKey, $"The public key {target.Fingerprint} protects nothing. Revoke it, and enrol the client anew.")
            : wrapped;
    }

    /// <summary>The values, opened by a target; null where they are not for it, or were changed.</summary>
    public static IReadOnlyDictionary<string, byte[]>? Open(string job, ReadOnlySpan<byte> body, ReadOnlySpan<byte> wrapped, CurveKeyPair own)
    {
        if (body.Length is < Overhead or > MaxBodyBytes || wrapped.Length != TargetTags.WrappedKeyLength)
            return null;
        byte[] key = new byte[KeyLength];
        byte[] plain = new byte[body.Length - Overhead];
        try
        {
            ReadOnlySpan<byte> ephemeral = body[..PublicKey.Length];
            using (var box = new Curve25519XSalsa20Poly1305(own.Secret, ephemeral))
            {
                if (!box.TryDecrypt(key, wrapped, BoxNonce(job, own.PublicKey)))
                    return null;
            }

            using var cipher = new AesGcm(key, TagLength);
            cipher.Decrypt(body.Slice(PublicKey.Length, NonceLength), body[(PublicKey.Length + NonceLength)..^TagLength], body[^TagLength..], plain, Context(job, ephemeral));
            return SecurityJson.TryRead(plain, SecurityJson.Default.DictionaryStringByteArray, MaxBodyBytes) is { } values
                && values.Count <= MaxSecrets && values.All(value => IsName(value.Key) && value.Value is not null)
                    ? values
                    : null;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_key);
        _ephemeral.Dispose();
        _everybodys.Dispose();
    }

    private static bool IsName(string name) => name.Length is > 0 and <= MaxNameLength && !name.Any(char.IsControl);

    // The box's key is new for each order and target, so one nonce for both is used once.
    private static byte[] BoxNonce(string job, PublicKey target) => SHA512.HashData(Context(job, target.Bytes))[..BoxNonceLength];

    private static byte[] Context(string job, ReadOnlySpan<byte> key) => [.. Purpose, 0, .. Encoding.UTF8.GetBytes(job), 0, .. key];
}
