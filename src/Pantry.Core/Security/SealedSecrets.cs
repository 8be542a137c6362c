using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using NaCl;

namespace Pantry.Security;

/// <summary>
/// An order's secrets, for its targets alone: sealed with AES-256-GCM under a key made for the order, which is wrapped for each target in a
/// NaCl box. Where targets have different secrets there are several groups, each under a key of its own, and a target can open its group and no other. The
/// server passes them on and cannot open them.
/// </summary>
internal sealed class SealedSecrets : IDisposable
{
    public const int MaxSecrets = 64;

    /// <summary>Sets of secrets in one order.</summary>
    public const int MaxGroups = 256;

    /// <summary>Largest body; what is in it is base64 inside.</summary>
    public const int MaxBodyBytes = 512 * 1024;

    private const int KeyLength = 32;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int BoxNonceLength = 24;
    private const int MaxNameLength = 128;
    private const int LengthLength = sizeof(int);
    private const int GroupOverhead = LengthLength + NonceLength + TagLength;

    private readonly string _job;
    private readonly byte[][] _keys;
    private readonly CurveKeyPair _ephemeral;
    private readonly XSalsa20Poly1305 _everybodys;

    private SealedSecrets(string job, IReadOnlyList<byte[]> groups)
    {
        _job = job;
        _keys = [.. groups.Select(_ => RandomNumberGenerator.GetBytes(KeyLength))];
        _ephemeral = CurveKeyPair.Generate();
        _everybodys = new Curve25519XSalsa20Poly1305(_ephemeral.Secret, new byte[PublicKey.Length]);

        Body = new byte[PublicKey.Length + groups.Sum(plain => GroupOverhead + plain.Length)];
        _ephemeral.PublicKey.Bytes.CopyTo(Body);
        Span<byte> rest = Body.AsSpan(PublicKey.Length);
        foreach ((int index, byte[] plain) in groups.Index())
        {
            BinaryPrimitives.WriteInt32LittleEndian(rest, plain.Length);
            Span<byte> nonce = rest.Slice(LengthLength, NonceLength);
            RandomNumberGenerator.Fill(nonce);
            using var cipher = new AesGcm(_keys[index], TagLength);
            cipher.Encrypt(nonce, plain, rest.Slice(LengthLength + NonceLength, plain.Length), rest.Slice(LengthLength + NonceLength + plain.Length, TagLength), Context(job, _ephemeral.PublicKey.Bytes));
            rest = rest[(GroupOverhead + plain.Length)..];
        }
    }

    /// <summary>The ephemeral public key; then of each group the length of its values, a nonce, the sealed values and their tag.</summary>
    public byte[] Body { get; }

    private static ReadOnlySpan<byte> Purpose => "Pantry secrets"u8;

    private static string TooMany(IEnumerable<IReadOnlyDictionary<string, byte[]>> groups) => groups.Select(values => values.Count).DefaultIfEmpty().Max() is > MaxSecrets and int count
        ? $" A client needs {count:N0} here, where a credential counts twice. Give several orders, or put several values into one secret, as lines or JSON."
        : "";

    /// <summary>Seals groups of values for a job; then the key of its group is wrapped for each target with <see cref="WrapFor"/>. A group may be empty, for targets that need none.</summary>
    /// <exception cref="PantryException">There are too many, they are too large, or a name is none.</exception>
    public static SealedSecrets Seal(string job, params IReadOnlyList<IReadOnlyDictionary<string, byte[]>> groups)
    {
        if (groups.All(values => values.Count == 0) || groups.Any(values => values.Count > MaxSecrets || values.Keys.Any(name => !IsName(name))))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"An order takes 1 to {MaxSecrets} secrets, each with a name of at most {MaxNameLength} characters.{TooMany(groups)}");
        if (groups.Count > MaxGroups)
            throw new PantryException(PantryErrorCode.LimitReached, $"The clients of an order have at most {MaxGroups} different sets of secrets, and here are {groups.Count:N0}. Give the order to some of the clients at a time.");
        if (groups.Sum(values => values.Values.Sum(value => (long)value.Length)) > MaxBodyBytes / 2)
            throw new PantryException(PantryErrorCode.LimitReached, $"The secrets of an order have at most {MaxBodyBytes / 2:N0} bytes together, each counted for every set of secrets that it is in.");
        byte[][] plain = [.. groups.Select(values => SecurityJson.ToBytes(values.ToDictionary(), SecurityJson.Default.DictionaryStringByteArray))];
        try
        {
            return new SealedSecrets(job, plain);
        }
        finally
        {
            foreach (byte[] group in plain)
                CryptographicOperations.ZeroMemory(group);
        }
    }

    /// <summary>The key of a group, for one target.</summary>
    /// <exception cref="PantryException">The target's key is one that hides nothing.</exception>
    public byte[] WrapFor(PublicKey target, int group = 0)
    {
        byte[] key = _keys[group];
        byte[] nonce = BoxNonce(_job, target);
        byte[] wrapped = new byte[TargetTags.WrappedKeyLength];
        using (var box = new Curve25519XSalsa20Poly1305(_ephemeral.Secret, target.Bytes))
            box.Encrypt(wrapped, key, nonce);

        // A point of low order agrees with every secret on the same key, which everybody can make.
        byte[] open = new byte[TargetTags.WrappedKeyLength];
        _everybodys.Encrypt(open, key, nonce);
        return wrapped.AsSpan().SequenceEqual(open)
            ? throw new PantryException(PantryErrorCode.InvalidKey, $"The public key {target.Fingerprint} protects nothing. Revoke it, and enrol the client anew.")
            : wrapped;
    }

    /// <summary>The values of a target's group, opened by it; null where none is for it, or they were changed.</summary>
    public static IReadOnlyDictionary<string, byte[]>? Open(string job, ReadOnlySpan<byte> body, ReadOnlySpan<byte> wrapped, CurveKeyPair own)
    {
        if (body.Length is < PublicKey.Length or > MaxBodyBytes || wrapped.Length != TargetTags.WrappedKeyLength)
            return null;
        byte[] key = new byte[KeyLength];
        try
        {
            ReadOnlySpan<byte> ephemeral = body[..PublicKey.Length];
            using (var box = new Curve25519XSalsa20Poly1305(own.Secret, ephemeral))
            {
                if (!box.TryDecrypt(key, wrapped, BoxNonce(job, own.PublicKey)))
                    return null;
            }

            using var cipher = new AesGcm(key, TagLength);
            return OpenGroup(body[PublicKey.Length..], cipher, Context(job, ephemeral));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    public void Dispose()
    {
        foreach (byte[] key in _keys)
            CryptographicOperations.ZeroMemory(key);
        _ephemeral.Dispose();
        _everybodys.Dispose();
    }

    // All must be well formed, and one is opened by the key: which, it does not say.
    private static Dictionary<string, byte[]>? OpenGroup(ReadOnlySpan<byte> rest, AesGcm cipher, byte[] context)
    {
        Dictionary<string, byte[]>? opened = null;
        for (int group = 0; rest.Length > 0; group++)
        {
            if (group >= MaxGroups || rest.Length < GroupOverhead || BinaryPrimitives.ReadInt32LittleEndian(rest) is var length && (length < 0 || length > rest.Length - GroupOverhead))
                return null;
            opened ??= OpenGroup(rest[LengthLength..(GroupOverhead + length)], length, cipher, context);
            rest = rest[(GroupOverhead + length)..];
        }

        return opened;
    }

    private static Dictionary<string, byte[]>? OpenGroup(ReadOnlySpan<byte> box, int length, AesGcm cipher, byte[] context)
    {
        byte[] plain = new byte[length];
        try
        {
            cipher.Decrypt(box[..NonceLength], box.Slice(NonceLength, length), box[^TagLength..], plain, context);
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
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static bool IsName(string name) => name.Length is > 0 and <= MaxNameLength && !name.Any(char.IsControl);

    // The box's key is new for each order and target, so one nonce for both is used once.
    private static byte[] BoxNonce(string job, PublicKey target) => SHA512.HashData(Context(job, target.Bytes))[..BoxNonceLength];

    private static byte[] Context(string job, ReadOnlySpan<byte> key) => [.. Purpose, 0, .. Encoding.UTF8.GetBytes(job), 0, .. key];
}
