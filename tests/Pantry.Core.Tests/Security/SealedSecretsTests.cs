using System.Security;
using System.Text;
using Pantry.Security;

namespace Pantry.Tests.Security;

public sealed class SealedSecretsTests : IDisposable
{
    private const string Job = "job-1";
    private static readonly Dictionary<string, byte[]> Values = new() { ["password"] = [.. "correct horse"u8], ["empty"] = [] };
    private readonly CurveKeyPair _first = CurveKeyPair.Generate();
    private readonly CurveKeyPair _second = CurveKeyPair.Generate();
    private readonly SealedSecrets _sealed = SealedSecrets.Seal(Job, Values);

    [Fact]
    public void Each_target_opens_the_secrets_of_its_own_group_and_no_other()
    {
        Dictionary<string, byte[]> one = new() { ["one"] = [1] }, two = new() { ["two"] = [2], ["too"] = [3] };
        using var secrets = SealedSecrets.Seal(Job, one, two, new Dictionary<string, byte[]>());
        Assert.Equal(one, SealedSecrets.Open(Job, secrets.Body, secrets.WrapFor(_first.PublicKey, 0), _first));
        Assert.Equal(two, SealedSecrets.Open(Job, secrets.Body, secrets.WrapFor(_second.PublicKey, 1), _second));
        Assert.Empty(SealedSecrets.Open(Job, secrets.Body, secrets.WrapFor(_second.PublicKey, 2), _second)!);
        Assert.Null(SealedSecrets.Open(Job, secrets.Body, secrets.WrapFor(_first.PublicKey, 0), _second));

        // A group that is cut, or the length of one that is not true, spoils all of it.
        Assert.Null(SealedSecrets.Open(Job, secrets.Body.AsSpan(..^1), secrets.WrapFor(_first.PublicKey, 2), _first));
        foreach (int length in (int[])[-1, int.MaxValue, secrets.Body.Length])
        {
            byte[] wrong = [.. secrets.Body];
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(wrong.AsSpan(PublicKey.Length), length);
            Assert.Null(SealedSecrets.Open(Job, wrong, secrets.WrapFor(_first.PublicKey, 0), _first));
        }

        Assert.Equal(PantryErrorCode.LimitReached, Assert.Throws<PantryException>(() => SealedSecrets.Seal(Job, [.. Enumerable.Repeat(one, SealedSecrets.MaxGroups + 1)])).Code);
        Assert.Throws<PantryException>(() => SealedSecrets.Seal(Job, new Dictionary<string, byte[]>(), new Dictionary<string, byte[]>()));
    }

    [Fact]
    public void Each_target_opens_what_was_sealed_once()
    {
        foreach (CurveKeyPair target in (CurveKeyPair[])[_first, _second])
        {
            byte[] wrapped = _sealed.WrapFor(target.PublicKey);
            Assert.Equal(TargetTags.WrappedKeyLength, wrapped.Length);
            Assert.Equal(Values, SealedSecrets.Open(Job, _sealed.Body, wrapped, target));
        }

        Assert.Equal(-1, _sealed.Body.AsSpan().IndexOf("correct horse"u8));
        Assert.Equal(-1, _sealed.Body.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Convert.ToBase64String("correct horse"u8))));
    }

    [Fact]
    public void Nobody_else_opens_them_nor_a_target_in_another_job()
    {
        byte[] wrapped = _sealed.WrapFor(_first.PublicKey);
        using var other = SealedSecrets.Seal(Job, Values);

        Assert.Null(SealedSecrets.Open(Job, _sealed.Body, wrapped, _second));
        Assert.Null(SealedSecrets.Open("job-2", _sealed.Body, wrapped, _first));
        Assert.Null(SealedSecrets.Open(Job, other.Body, wrapped, _first));
        Assert.Null(SealedSecrets.Open(Job, _sealed.Body, other.WrapFor(_first.PublicKey), _first));
    }

    [Fact]
    public void Every_changed_byte_is_noticed()
    {
        byte[] wrapped = _sealed.WrapFor(_first.PublicKey);
        for (int i = 0; i < wrapped.Length; i++)
            Assert.Null(SealedSecrets.Open(Job, _sealed.Body, Flipped(wrapped, i), _first));
        for (int i = 0; i < _sealed.Body.Length; i++)
            Assert.Null(SealedSecrets.Open(Job, Flipped(_sealed.Body, i), wrapped, _first));
        Assert.Null(SealedSecrets.Open(Job, _sealed.Body.AsSpan(..^1), wrapped, _first));
        Assert.Null(SealedSecrets.Open(Job, [], wrapped, _first));
        Assert.Null(SealedSecrets.Open(Job, _sealed.Body, [], _first));
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("0100000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
    [InlineData("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]
    public void A_key_that_hides_nothing_gets_no_secrets(string point) =>
        Assert.Equal(PantryErrorCode.InvalidKey, Assert.Throws<PantryException>(() => _sealed.WrapFor(PublicKey.FromBytes(Convert.FromHexString(point)))).Code);

    [Fact]
    public void Too_many_or_too_large_secrets_are_refused()
    {
        Assert.Throws<PantryException>(() => SealedSecrets.Seal(Job, new Dictionary<string, byte[]>()));
        Assert.Throws<PantryException>(() => SealedSecrets.Seal(Job, new Dictionary<string, byte[]> { [""] = [] }));
        var tooMany = Assert.Throws<PantryException>(() => SealedSecrets.Seal(Job, Enumerable.Range(0, 65).ToDictionary(i => $"s{i}", _ => Array.Empty<byte>())));
        Assert.Contains("A client needs 65 here", tooMany.Message, StringComparison.Ordinal);
        Assert.EndsWith("Give several orders, or put several values into one secret, as lines or JSON.", tooMany.Message, StringComparison.Ordinal);
        Assert.Throws<PantryException>(() => SealedSecrets.Seal(Job, new Dictionary<string, byte[]> { ["large"] = new byte[SealedSecrets.MaxBodyBytes] }));
        using var largest = SealedSecrets.Seal(Job, new Dictionary<string, byte[]> { ["large"] = new byte[SealedSecrets.MaxBodyBytes / 2] });
        Assert.NotNull(SealedSecrets.Open(Job, largest.Body, largest.WrapFor(_first.PublicKey), _first));
    }

    [Fact]
    public void A_secret_shows_nothing_of_its_value()
    {
        using var text = new SecureString();
        foreach (char character in "Grüße")
            text.AppendChar(character);
        var secret = new Secret(text);

        Assert.Equal("Grüße"u8, secret.Reveal());
        Assert.Equal("********", secret.ToString());
        Assert.Empty(typeof(Secret).GetProperties());
        Assert.Empty(typeof(Secret).GetFields());
        Assert.Equal("{}", System.Text.Json.JsonSerializer.Serialize(secret));

        secret.Dispose();
        Assert.Throws<ObjectDisposedException>(() => secret.Reveal());
    }

    public void Dispose()
    {
        _sealed.Dispose();
        _first.Dispose();
        _second.Dispose();
    }

    private static byte[] Flipped(byte[] bytes, int at)
    {
        byte[] flipped = [.. bytes];
        flipped[at] ^= 1;
        return flipped;
    }
}
