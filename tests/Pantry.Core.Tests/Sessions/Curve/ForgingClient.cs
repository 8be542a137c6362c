using System.Buffers.Binary;
using System.Security.Cryptography;
using NaCl;
using Pantry.Security;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>
/// A client that puts into HELLO and INITIATE what it likes. Written from the specification with NaCl.Net's boxes alone,
/// so it also says whether the server reads what the specification means.
/// </summary>
internal sealed class ForgingClient : IDisposable
{
    private readonly CurveKeyPair _own = CurveKeyPair.Generate();
    private readonly CurveKeyPair _short = CurveKeyPair.Generate();
    private readonly PublicKey _server;

    public ForgingClient(PublicKey server)
    {
        _server = server;
        NamedKey = _own.PublicKey.Bytes.ToArray();
        VouchedShort = _short.PublicKey.Bytes.ToArray();
        VouchedServer = server.Bytes.ToArray();
        VouchSecret = _own.Secret.ToArray();
    }

    /// <summary>C in INITIATE.</summary>
    public byte[] NamedKey { get; set; }

    /// <summary>C' in the vouch.</summary>
    public byte[] VouchedShort { get; set; }

    /// <summary>S in the vouch.</summary>
    public byte[] VouchedServer { get; set; }

    /// <summary>The secret that seals the vouch.</summary>
    public byte[] VouchSecret { get; set; }

    public byte[] Metadata { get; set; } = [];

    public byte[] HelloContents { get; set; } = new byte[64];

    public byte[] Hello()
    {
        byte[] nonce = [.. "CurveZMQHELLO---"u8, .. Counter(1)];
        return [.. "\u0005HELLO\u0001\0"u8, .. new byte[72], .. _short.PublicKey.Bytes, .. Counter(1), .. Box(_short.Secret, _server.Bytes, nonce, HelloContents)];
    }

    public byte[] Initiate(byte[] welcome)
    {
        byte[] contents = new byte[128];
        using var opening = new Curve25519XSalsa20Poly1305(_short.Secret, _server.Bytes);
        Assert.True(opening.TryDecrypt(contents, welcome.AsSpan(24), (byte[])[.. "WELCOME-"u8, .. welcome.AsSpan(8, 16)]));
        byte[] serverShort = contents[..32];

        byte[] vouchRandom = RandomNumberGenerator.GetBytes(16);
        byte[] vouch = Box(VouchSecret, serverShort, [.. "VOUCH---"u8, .. vouchRandom], [.. VouchedShort, .. VouchedServer]);
        byte[] nonce = [.. "CurveZMQINITIATE"u8, .. Counter(2)];
        return
        [
            .. "\u0008INITIATE"u8, .. contents[32..], .. Counter(2),
            .. Box(_short.Secret, serverShort, nonce, [.. NamedKey, .. vouchRandom, .. vouch, .. Metadata]),
        ];
    }

    public void Dispose()
    {
        _own.Dispose();
        _short.Dispose();
    }

    private static byte[] Counter(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        return bytes;
    }

    private static byte[] Box(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> peer, byte[] nonce, byte[] contents)
    {
        using var sealing = new Curve25519XSalsa20Poly1305(secret, peer);
        byte[] box = new byte[contents.Length + 16];
        sealing.Encrypt(box, contents, nonce);
        return box;
    }
}
