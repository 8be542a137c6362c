using NaCl;
using Pantry.Security;
using Pantry.Sessions.Curve;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>The key agreement under the boxes, against NaCl's own vectors and against NaCl.Net.</summary>
public sealed class CurvePrimitivesTests
{
    private const string FirstKey = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389";

    [Fact]
    public void The_key_of_a_shared_point_is_the_one_of_NaCls_test()
    {
        byte[] key = new byte[32];
        HSalsa20.Derive(Convert.FromHexString("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"), key);
        Assert.Equal(FirstKey, Convert.ToHexStringLower(key));
    }

    [Fact]
    public void Alice_and_Bob_of_NaCls_test_agree_on_its_key()
    {
        using var alice = CurveKeyPair.FromSecret(Convert.FromHexString("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"));
        using var bob = CurveKeyPair.FromSecret(Convert.FromHexString("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"));
        byte[] key = new byte[32];
        Assert.True(CurveBox.TryAgree(alice.Secret, bob.PublicKey.Bytes, key));
        Assert.Equal(FirstKey, Convert.ToHexStringLower(key));
        Assert.True(CurveBox.TryAgree(bob.Secret, alice.PublicKey.Bytes, key));
        Assert.Equal(FirstKey, Convert.ToHexStringLower(key));
    }

    [Fact]
    public void A_box_is_the_one_NaCl_Net_makes_of_two_keys()
    {
        using var one = CurveKeyPair.Generate();
        using var other = CurveKeyPair.Generate();
        byte[] nonce = [.. Enumerable.Range(0, 24).Select(i => (byte)i)];
        byte[] contents = [.. Enumerable.Range(0, 200).Select(i => (byte)i)];
        byte[] key = new byte[32];
        byte[] ours = new byte[216];
        byte[] theirs = new byte[216];
        Assert.True(CurveBox.TryAgree(one.Secret, other.PublicKey.Bytes, key));
        CurveBox.Seal(key, nonce, contents, ours);
        using var box = new Curve25519XSalsa20Poly1305(other.Secret, one.PublicKey.Bytes);
        box.Encrypt(theirs, contents, nonce);
        Assert.Equal(theirs, ours);
    }

    [Theory]
    [MemberData(nameof(LowOrderPoints.All), MemberType = typeof(LowOrderPoints))]
    public void No_key_is_agreed_with_a_point_of_low_order(string point)
    {
        using var own = CurveKeyPair.Generate();
        byte[] peer = Convert.FromHexString(point);
        byte[] key = new byte[32];
        Assert.All(Curve25519.ScalarMultiplication(own.Secret, peer), part => Assert.Equal(0, part));
        Assert.False(CurveBox.TryAgree(own.Secret, peer, key));
        Assert.All(key, part => Assert.Equal(0, part));
    }

    [Fact]
    public void A_key_has_one_name_only()
    {
        using var own = CurveKeyPair.Generate();
        using var other = CurveKeyPair.Generate();
        byte[] alias = other.PublicKey.Bytes.ToArray();
        alias[31] |= 0x80;
        Assert.Equal(Curve25519.ScalarMultiplication(own.Secret, other.PublicKey.Bytes), Curve25519.ScalarMultiplication(own.Secret, alias));
        Assert.False(CurveBox.TryAgree(own.Secret, alias, new byte[32]));
    }
}
