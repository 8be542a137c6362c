using System.Text;
using Pantry.Security;

namespace Pantry.Tests.Security;

public sealed class CurveKeyFileTests : IDisposable
{
    private const string SecretOfTheManual = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    private readonly string _folder = Directory.CreateTempSubdirectory("pantry-test-").FullName;

    [Fact]
    public void A_key_is_made_once_and_is_then_the_same()
    {
        using CurveKeyPair made = CurveKeyFile.LoadOrCreate(Key);
        using CurveKeyPair again = CurveKeyFile.LoadOrCreate(Key);
        using CurveKeyPair loaded = CurveKeyFile.Load(Key);

        Assert.Equal(made.PublicKey, again.PublicKey);
        Assert.Equal(made.Secret, loaded.Secret);
        Assert.Equal(Z85.Encode(made.Secret) + "\n", File.ReadAllText(Key));
        Assert.Equal(made.PublicKey + "\n", File.ReadAllText(Key + ".pub"));
        Assert.Equal(PantryErrorCode.StorageFailed, Assert.Throws<PantryException>(() => CurveKeyFile.Create(Key)).Code);
    }

    [Fact]
    public void The_secret_is_its_owners_and_the_public_key_is_everybodys()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "File modes are POSIX's.");
        using CurveKeyPair made = CurveKeyFile.Create(Key);

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Key));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead, File.GetUnixFileMode(Key + ".pub"));
        }
    }

    [Fact]
    public void Many_that_start_at_once_have_one_key()
    {
        var keys = new PublicKey[16];
        Parallel.For(0, keys.Length, i =>
        {
            using CurveKeyPair pair = CurveKeyFile.LoadOrCreate(Key);
            keys[i] = pair.PublicKey;
        });

        Assert.Single(keys.Distinct());
        Assert.Equal(keys[0] + "\n", File.ReadAllText(Key + ".pub"));
    }

    [Theory]
    [InlineData(SecretOfTheManual)]
    [InlineData(SecretOfTheManual + "\r\n")]
    public void A_key_of_curve_keygen_is_read(string text)
    {
        PrivateFile.WriteNew(Key, Encoding.ASCII.GetBytes(text));
        using CurveKeyPair pair = CurveKeyFile.LoadOrCreate(Key);
        Assert.Equal("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", pair.PublicKey.ToString());
        Assert.Equal(pair.PublicKey + "\n", File.ReadAllText(Key + ".pub"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("too short")]
    [InlineData(SecretOfTheManual + "\n" + SecretOfTheManual)]
    [InlineData("ÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿÿ")]
    public void A_file_that_holds_no_key_is_named_and_not_shown(string text)
    {
        PrivateFile.WriteNew(Key, Encoding.UTF8.GetBytes(text));

        PantryException error = Assert.Throws<PantryException>(() => CurveKeyFile.LoadOrCreate(Key));

        Assert.Equal(PantryErrorCode.InvalidKey, error.Code);
        Assert.Contains(Key, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("JTKV", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "File modes are POSIX's.");
        CurveKeyFile.Create(Key).Dispose();
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Key, UnixFileMode.UserRead | UnixFileMode.GroupRead);

        Assert.Equal(PantryErrorCode.InsecureFile, Assert.Throws<PantryException>(() => CurveKeyFile.LoadOrCreate(Key)).Code);
    }

    [Fact]
    public void A_missing_key_is_named() =>
        Assert.Contains(Key, Assert.Throws<PantryException>(() => CurveKeyFile.Load(Key)).Message, StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Key => Path.Combine(_folder, "server.key");
}
