using System.Security.Cryptography;
using System.Text;
using Pantry.Security;

namespace Pantry.Tests.Security;

public sealed class SigningKeyTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    [Fact]
    public void A_signature_stands_for_its_key_context_and_data_only()
    {
        using var key = SigningKey.Generate();
        using var other = SigningKey.Generate();
        byte[] signature = key.Sign("order"u8, "data"u8);

        Assert.Equal(SigningKey.SignatureLength, signature.Length);
        Assert.True(key.PublicKey.Verify("order"u8, "data"u8, signature));
        Assert.False(other.PublicKey.Verify("order"u8, "data"u8, signature));
        Assert.False(key.PublicKey.Verify("bundle"u8, "data"u8, signature));
        Assert.False(key.PublicKey.Verify("orderd"u8, "ata"u8, signature));
        Assert.False(key.PublicKey.Verify("order"u8, "Data"u8, signature));
        Assert.False(key.PublicKey.Verify("order"u8, "data"u8, signature.AsSpan(1)));
        Assert.False(key.PublicKey.Verify("order"u8, "data"u8, []));
    }

    [Fact]
    public void Another_implementation_verifies_a_signature()
    {
        using var key = SigningKey.Generate();
        using var plain = ECDsa.Create();
        plain.ImportSubjectPublicKeyInfo(key.PublicKey.Bytes, out _);

        Assert.True(plain.VerifyData("order\0data"u8, key.Sign("order"u8, "data"u8), HashAlgorithmName.SHA256));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("correct horse")]
    public void A_key_survives_the_way_through_PEM(string? password)
    {
        using var key = SigningKey.Generate();
        string pem = key.ToPem(password);

        using var again = SigningKey.FromPem(pem, password);

        Assert.StartsWith(password is null ? "-----BEGIN PRIVATE KEY-----" : "-----BEGIN ENCRYPTED PRIVATE KEY-----", pem, StringComparison.Ordinal);
        Assert.Equal(key.PublicKey, again.PublicKey);
        Assert.True(key.PublicKey.Verify("a"u8, "b"u8, again.Sign("a"u8, "b"u8)));
    }

    [Fact]
    public void A_missing_or_wrong_password_is_named()
    {
        using var key = SigningKey.Generate();
        string pem = key.ToPem("correct horse");

        Assert.Contains("give its password", Assert.Throws<PantryException>(() => SigningKey.FromPem(pem, null)).Message, StringComparison.Ordinal);
        Assert.Contains("password is another", Assert.Throws<PantryException>(() => SigningKey.FromPem(pem, "wrong")).Message, StringComparison.Ordinal);
        Assert.Throws<PantryException>(() => key.ToPem(""));
    }

    [Fact]
    public void Keys_of_another_kind_are_refused()
    {
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var rsa = RSA.Create(2048);
        using var p256 = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (string pem in (string[])["", "-----BEGIN PRIVATE KEY-----", p384.ExportPkcs8PrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem(), p256.ExportSubjectPublicKeyInfoPem()])
            Assert.Equal(PantryErrorCode.InvalidKey, Assert.Throws<PantryException>(() => SigningKey.FromPem(pem, null)).Code);

        byte[] good = p256.ExportSubjectPublicKeyInfo();
        byte[] offCurve = [.. good[..^1], (byte)(good[^1] ^ 1)];
        Assert.NotNull(VerifyKey.TryFromBytes(good));
        foreach (byte[] bad in (byte[][])[[], p384.ExportSubjectPublicKeyInfo(), rsa.ExportSubjectPublicKeyInfo(), [.. good, 0], good[..^1], offCurve])
            Assert.Null(VerifyKey.TryFromBytes(bad));
    }

    [Fact]
    public void A_public_key_survives_the_way_through_text()
    {
        using var key = SigningKey.Generate();
        using var other = SigningKey.Generate();

        Assert.Equal(key.PublicKey, VerifyKey.Parse($" {key.PublicKey}\n"));
        Assert.Equal(key.PublicKey.GetHashCode(), VerifyKey.Parse(key.PublicKey.ToString()).GetHashCode());
        Assert.NotEqual(key.PublicKey, other.PublicKey);
        Assert.Equal(Fingerprint.Of(key.PublicKey.Bytes), key.PublicKey.Fingerprint);
        Assert.Equal(PantryErrorCode.InvalidKey, Assert.Throws<PantryException>(() => VerifyKey.Parse("no key")).Code);
        Assert.Null(VerifyKey.TryParse(Convert.ToBase64String(new byte[200])));
    }

    [Fact]
    public void A_key_file_is_made_once_and_is_then_the_same()
    {
        string path = Path.Combine(_folder, "root.key");
        using var made = SigningKeyFile.LoadOrCreate(path, "secret");
        using var again = SigningKeyFile.LoadOrCreate(path, "secret");

        Assert.Equal(made.PublicKey, again.PublicKey);
        Assert.Equal(PantryErrorCode.StorageFailed, Assert.Throws<PantryException>(() => SigningKeyFile.Create(path)).Code);
        PantryException error = Assert.Throws<PantryException>(() => SigningKeyFile.Load(path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains("give its password", error.Message, StringComparison.Ordinal);

        PrivateFile.Replace(path, Encoding.ASCII.GetBytes("nothing"));
        Assert.Equal(PantryErrorCode.InvalidKey, Assert.Throws<PantryException>(() => SigningKeyFile.Load(path)).Code);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
