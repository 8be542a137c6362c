using Pantry.Security;
using Pantry.Sessions.Curve;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>Handshakes that must fail, and with which fault.</summary>
public sealed class CurveRefusalTests : IDisposable
{
    private readonly CurveRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_HELLO_for_another_server_does_not_open()
    {
        using var other = CurveKeyPair.Generate();
        Assert.Equal(CurveFault.WrongKey, _rig.Server.Hello(_rig.Client(other.PublicKey).Hello(), CurveRig.Binding).Fault);
    }

    [Fact]
    public void A_server_without_the_key_cannot_answer_a_HELLO()
    {
        CurveClientHandshake client = _rig.Client();
        byte[] hello = client.Hello();
        using var otherPair = CurveKeyPair.Generate();
        using var impostor = new CurveServer(otherPair);
        using var toImpostor = new CurveClientHandshake(_rig.ClientPair, otherPair.PublicKey, CurveMetadata.Of());
        byte[] welcome = impostor.Hello(toImpostor.Hello(), CurveRig.Binding).Welcome!;
        Assert.Equal(CurveFault.WrongKey, client.Receive(welcome).Fault);
        Assert.Equal(CurveFault.None, client.Receive(_rig.Welcome(hello)).Fault);
    }

    [Fact]
    public void A_vouch_for_another_server_is_refused()
    {
        using var other = CurveKeyPair.Generate();
        Assert.Equal(CurveFault.BadVouch, Forge(client => client.VouchedServer = other.PublicKey.Bytes.ToArray()));
    }

    [Fact]
    public void A_vouch_for_another_short_term_key_is_refused()
    {
        using var other = CurveKeyPair.Generate();
        Assert.Equal(CurveFault.BadVouch, Forge(client => client.VouchedShort = other.PublicKey.Bytes.ToArray()));
    }

    [Fact]
    public void A_key_the_client_does_not_hold_is_refused()
    {
        using var other = CurveKeyPair.Generate();
        Assert.Equal(CurveFault.BadVouch, Forge(client => client.NamedKey = other.PublicKey.Bytes.ToArray()));
        Assert.Equal(CurveFault.BadVouch, Forge(client => client.VouchSecret = other.Secret.ToArray()));
    }

    [Fact]
    public void A_client_cannot_name_its_key_otherwise_to_pass_for_another() =>
        Assert.Equal(CurveFault.BadVouch, Forge(client => client.NamedKey[31] |= 0x80));

    [Theory]
    [MemberData(nameof(LowOrderPoints.All), MemberType = typeof(LowOrderPoints))]
    public void A_client_key_of_low_order_is_refused(string point) =>
        Assert.Equal(CurveFault.BadVouch, Forge(client => client.NamedKey = Convert.FromHexString(point)));

    [Theory]
    [MemberData(nameof(LowOrderPoints.All), MemberType = typeof(LowOrderPoints))]
    public void A_short_term_key_of_low_order_is_refused_at_HELLO(string point)
    {
        // The box is sealed under the key that such a point gives with any secret, so only the point is wrong.
        byte[] key = new byte[32];
        HSalsa20.Derive(new byte[32], key);
        byte[] hello = _rig.Client().Hello();
        Convert.FromHexString(point).CopyTo(hello, 80);
        CurveBox.Seal(key, (byte[])[.. "CurveZMQHELLO---"u8, .. hello.AsSpan(112, 8)], new byte[64], hello.AsSpan(120));
        Assert.Equal(CurveFault.WrongKey, _rig.Server.Hello(hello, CurveRig.Binding).Fault);
    }

    [Theory]
    [MemberData(nameof(LowOrderPoints.All), MemberType = typeof(LowOrderPoints))]
    public void A_server_key_of_low_order_is_refused_before_anything_is_said(string point)
    {
        PantryException refusal = Assert.Throws<PantryException>(() => _rig.Client(PublicKey.FromBytes(Convert.FromHexString(point))));
        Assert.Equal(PantryErrorCode.InvalidKey, refusal.Code);
    }

    [Theory]
    [MemberData(nameof(LowOrderPoints.All), MemberType = typeof(LowOrderPoints))]
    public void A_short_term_key_of_low_order_in_WELCOME_is_refused(string point)
    {
        CurveClientHandshake client = _rig.Client();
        byte[] hello = client.Hello();
        byte[] key = new byte[32];
        Assert.True(CurveBox.TryAgree(_rig.ServerPair.Secret, hello.AsSpan(80, 32), key));
        byte[] welcome = [.. "\u0007WELCOME"u8, .. new byte[160]];
        CurveBox.Seal(key, (byte[])[.. "WELCOME-"u8, .. new byte[16]], (byte[])[.. Convert.FromHexString(point), .. new byte[96]], welcome.AsSpan(24));
        Assert.Equal(CurveFault.WrongKey, client.Receive(welcome).Fault);
    }

    [Fact]
    public void A_HELLO_whose_box_holds_anything_but_zeros_is_malformed()
    {
        using var client = new ForgingClient(_rig.ServerPair.PublicKey);
        client.HelloContents[63] = 1;
        Assert.Equal(CurveFault.Malformed, _rig.Server.Hello(client.Hello(), CurveRig.Binding).Fault);
    }

    [Fact]
    public void Metadata_that_are_none_are_malformed() =>
        Assert.Equal(CurveFault.Malformed, Forge(client => client.Metadata = [1, (byte)'a']));

    [Fact]
    public void A_cookie_is_good_for_its_connection_only()
    {
        byte[] initiate = _rig.Initiate(_rig.Client());
        Assert.Equal(CurveFault.BadCookie, _rig.Server.Initiate(initiate, (byte[])[.. CurveRig.Binding[..^1], 9]).Fault);
        Assert.Equal(CurveFault.BadCookie, _rig.Server.Initiate(initiate, []).Fault);
        _ = _rig.Accept(initiate);
    }

    [Fact]
    public void A_cookie_outlives_one_rotation_of_its_keys_and_not_two()
    {
        byte[] initiate = _rig.Initiate(_rig.Client());
        _rig.Server.RotateCookieKeys();
        _ = _rig.Accept(initiate);
        _rig.Server.RotateCookieKeys();
        Assert.Equal(CurveFault.BadCookie, _rig.Server.Initiate(initiate, CurveRig.Binding).Fault);
    }

    [Fact]
    public void The_keys_of_cookies_can_be_rotated_any_number_of_times()
    {
        for (int turn = 0; turn < 4; turn++)
        {
            byte[] initiate = _rig.Initiate(_rig.Client());
            _rig.Server.RotateCookieKeys();
            _ = _rig.Accept(initiate);
        }
    }

    [Fact]
    public void A_cookie_of_another_server_with_the_same_key_is_refused()
    {
        byte[] initiate = _rig.Initiate(_rig.Client());
        using var other = new CurveServer(_rig.ServerPair);
        Assert.Equal(CurveFault.BadCookie, other.Initiate(initiate, CurveRig.Binding).Fault);
    }

    [Fact]
    public void A_repeated_INITIATE_shows_by_its_cookies_nonce()
    {
        byte[] initiate = _rig.Initiate(_rig.Client());
        byte[] another = _rig.Initiate(_rig.Client());
        byte[] first = CookieNonce(initiate);
        Assert.Equal(first, CookieNonce(initiate));
        Assert.NotEqual(first, CookieNonce(another));
    }

    [Fact]
    public void Every_byte_of_HELLO_counts()
    {
        byte[] hello = _rig.Client().Hello();
        Assert.All(Flipped(hello), changed => Assert.NotEqual(CurveFault.None, _rig.Server.Hello(changed, CurveRig.Binding).Fault));
    }

    [Fact]
    public void Every_byte_of_WELCOME_counts_and_the_right_one_is_still_taken_after_all_the_wrong_ones()
    {
        CurveClientHandshake client = _rig.Client();
        byte[] welcome = _rig.Welcome(client.Hello());
        Assert.All(Flipped(welcome), changed => Assert.NotEqual(CurveFault.None, client.Receive(changed).Fault));
        Assert.Equal(CurveFault.None, client.Receive(welcome).Fault);
    }

    [Fact]
    public void Every_byte_of_INITIATE_counts()
    {
        byte[] initiate = _rig.Initiate(_rig.Client());
        Assert.All(Flipped(initiate), changed => Assert.NotEqual(CurveFault.None, _rig.Server.Initiate(changed, CurveRig.Binding).Fault));
    }

    [Fact]
    public void Every_byte_of_READY_counts_and_the_right_one_is_still_taken_after_all_the_wrong_ones()
    {
        CurveClientHandshake client = _rig.Client();
        (byte[] ready, _) = _rig.Accept(_rig.Initiate(client));
        Assert.All(Flipped(ready), changed => Assert.NotEqual(CurveFault.None, client.Receive(changed).Fault));
        Assert.Equal(CurveFault.None, client.Receive(ready).Fault);
    }

    [Fact]
    public void No_command_may_be_shorter_or_longer()
    {
        CurveClientHandshake client = _rig.Client();
        byte[] hello = client.Hello();
        Assert.All(Resized(hello), changed => Assert.NotEqual(CurveFault.None, _rig.Server.Hello(changed, CurveRig.Binding).Fault));
        byte[] welcome = _rig.Welcome(hello);
        Assert.All(Resized(welcome), changed => Assert.NotEqual(CurveFault.None, client.Receive(changed).Fault));
        byte[] initiate = client.Receive(welcome).Reply!;
        Assert.All(Resized(initiate), changed => Assert.NotEqual(CurveFault.None, _rig.Server.Initiate(changed, CurveRig.Binding).Fault));
        (byte[] ready, _) = _rig.Accept(initiate);
        Assert.All(Resized(CurveServer.Error("no")), changed => Assert.Equal(CurveFault.Malformed, client.Receive(changed).Fault));
        Assert.All(Resized(ready), changed => Assert.NotEqual(CurveFault.None, client.Receive(changed).Fault));
        Assert.Equal(CurveFault.None, client.Receive(ready).Fault);
    }

    [Fact]
    public void An_INITIATE_of_more_metadata_than_the_cap_is_refused_by_its_size()
    {
        byte[] initiate = _rig.Initiate(_rig.Client());
        byte[] large = [.. initiate, .. new byte[CurveMetadata.MaxBytes]];
        Assert.False(CurveCommands.IsInitiate(large));
        Assert.Equal(CurveFault.Malformed, _rig.Server.Initiate(large, CurveRig.Binding).Fault);
    }

    private static IEnumerable<byte[]> Flipped(byte[] command)
    {
        for (int i = 0; i < command.Length; i++)
        {
            // One bit, and once all of them: the top bit of a key is one that X25519 ignores.
            foreach (byte mask in (byte[])[0x01, 0x80, 0xff])
            {
                byte[] changed = [.. command];
                changed[i] ^= mask;
                yield return changed;
            }
        }
    }

    private static IEnumerable<byte[]> Resized(byte[] command)
    {
        for (int length = 0; length < command.Length; length++)
            yield return command[..length];
        yield return [.. command, 0];
        yield return [.. command, .. command];
    }

    private CurveFault Forge(Action<ForgingClient> change)
    {
        using var client = new ForgingClient(_rig.ServerPair.PublicKey);
        change(client);
        CurveInitiateResult result = _rig.Server.Initiate(client.Initiate(_rig.Welcome(client.Hello())), CurveRig.Binding);
        result.Pending?.Dispose();
        return result.Fault;
    }

    private byte[] CookieNonce(byte[] initiate)
    {
        CurveInitiateResult result = _rig.Server.Initiate(initiate, CurveRig.Binding);
        result.Pending!.Dispose();
        return result.CookieNonce!;
    }
}
