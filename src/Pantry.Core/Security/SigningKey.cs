using System.Security.Cryptography;

namespace Pantry.Security;

/// <summary>A key that signs: ECDSA on P-256 with SHA-256. Operators sign orders with it, the fleet's root its bundles.</summary>
internal sealed class SigningKey : IDisposable
{
    public const int SignatureLength = 64;

    private const int PasswordIterations = 600_000;

    private readonly ECDsa _key;
    private readonly Lock _one = new();

    private SigningKey(ECDsa key)
    {
        _key = key;
        PublicKey = VerifyKey.FromBytes(key.ExportSubjectPublicKeyInfo());
    }

    public VerifyKey PublicKey { get; }

    public static SigningKey Generate() => new(ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <param name="pem">A private key in PEM, as OpenSSL writes it too.</param>
    /// <param name="password">For an encrypted one.</param>
    /// <exception cref="PantryException">It is no P-256 key, or the password is missing or wrong.</exception>
    public static SigningKey FromPem(string pem, string? password)
    {
        var key = ECDsa.Create();
        try
        {
            bool encrypted = pem.Contains("ENCRYPTED", StringComparison.Ordinal);
            if (encrypted && password is null)
                throw Invalid("The signing key is encrypted; give its password.");
            if (encrypted)
                key.ImportFromEncryptedPem(pem, password);
            else
                key.ImportFromPem(pem);
            // Tells a public key from a private one, which both are PEM.
            key.SignData([], HashAlgorithmName.SHA256);
            return new SigningKey(key);
        }
        catch (Exception exception)
        {
            key.Dispose();
            if (exception is not (ArgumentException or CryptographicException or InvalidOperationException or NotSupportedException))
                throw;
            throw Invalid(password is null
                ? "This is no private ECDSA key in PEM."
                : "This is no private ECDSA key in PEM, or the password is another one.", exception);
        }
    }

    /// <summary>The key as PKCS#8 in PEM, encrypted where there is a password.</summary>
    public string ToPem(string? password)
    {
        if (password is null)
            return _key.ExportPkcs8PrivateKeyPem();
        return password.Length > 0
            ? _key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, PasswordIterations))
            : throw new PantryException(PantryErrorCode.InvalidArgument, "An empty password protects nothing. Give a password, or none at all.");
    }

    /// <summary>Signs; the context says what kind of data it is, so that no signature stands for another kind.</summary>
    public byte[] Sign(ReadOnlySpan<byte> context, ReadOnlySpan<byte> data)
    {
        byte[] hash = VerifyKey.Hash(context, data);
        lock (_one)
            return _key.SignHash(hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    public void Dispose() => _key.Dispose();

    /// <summary>The public key's fingerprint; never the secret.</summary>
    public override string ToString() => PublicKey.Fingerprint;

    private static PantryException Invalid(string what, Exception? inner = null) => new(PantryErrorCode.InvalidKey, what, inner);
}
