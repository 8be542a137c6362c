using CsCheck;
using Pantry.Security;

namespace Pantry.Tests.Security;

public sealed class KeyTextTests
{
    [Fact]
    public void Z85_is_that_of_the_specification()
    {
        // The example of ZeroMQ RFC 32.
        byte[] bytes = Convert.FromHexString("864FD26FB559F75B");
        Assert.Equal("HelloWorld", Z85.Encode(bytes));
        byte[] decoded = new byte[8];
        Assert.True(Z85.TryDecode("HelloWorld", decoded));
        Assert.Equal(bytes, decoded);
    }

    [Fact]
    public void Keys_survive_the_way_through_text() => Gen.Byte.Array[PublicKey.Length].Sample(bytes =>
        PublicKey.FromBytes(bytes).Equals(PublicKey.TryParse(PublicKey.FromBytes(bytes).ToString())));

    [Theory]
    [InlineData("")]
    [InlineData("HelloWorld")]
    [InlineData("########################################")]
    [InlineData("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf ")]
    public void What_is_no_key_is_refused(string text)
    {
        Assert.Null(PublicKey.TryParse(text));
        Assert.Equal(PantryErrorCode.InvalidKey, Assert.Throws<PantryException>(() => PublicKey.Parse(text)).Code);
    }

    [Fact]
    public void A_secret_key_has_the_public_key_that_ZeroMQ_derives()
    {
        // The server's keys of the examples in libzmq's zmq_curve manual.
        using CurveKeyPair pair = CurveKeyPair.TryParseSecret("JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6")!;
        Assert.Equal("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", pair.PublicKey.ToString());
        Assert.DoesNotContain("JTKVSB", pair.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fingerprint_is_read_however_it_is_typed()
    {
        using CurveKeyPair pair = CurveKeyPair.Generate();
        string fingerprint = pair.PublicKey.Fingerprint;
        Assert.Matches("^([0-9a-hjkmnp-tv-z]{4}-){4}[0-9a-hjkmnp-tv-z]{4}$", fingerprint);
        Assert.Equal(fingerprint, Fingerprint.Normalize(fingerprint.ToUpperInvariant().Replace('-', ' ')));
        Assert.Equal(fingerprint, Fingerprint.Normalize(fingerprint.Replace("-", "", StringComparison.Ordinal).Replace('0', 'O').Replace('1', 'l')));
        Assert.Null(Fingerprint.Normalize(fingerprint[..^1]));
    }
}
