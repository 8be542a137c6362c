using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Pantry.Security;

namespace Pantry.Sessions.Curve;

/// <summary>What came of a HELLO: a fault, or the WELCOME to send.</summary>
internal readonly record struct CurveHelloResult(CurveFault Fault, byte[]? Welcome);

/// <summary>
/// What came of an INITIATE: a fault, or a client whose key is proved and waits for a decision. The nonce names the
/// cookie: one cookie always brings the same session keys, so the caller must not accept two of one while it is good.
/// </summary>
internal readonly record struct CurveInitiateResult(
    CurveFault Fault, PublicKey? Client, CurveMetadata? Metadata, byte[]? CookieNonce, CurvePendingSession? Pending);

/// <summary>
/// The server's side of all handshakes. It keeps nothing of a client: what it must know again at INITIATE is in the
/// cookie. Safe to call from several threads.
/// </summary>
/// <param name="own">The server's key; stays the caller's and must live as long.</param>
internal sealed class CurveServer(CurveKeyPair own) : IDisposable
{
    private readonly CurveCookies _cookies = new();

    /// <summary>An ERROR command; what is no printable ASCII shows as a question mark.</summary>
    public static byte[] Error(string reason)
    {
        string text = reason.Length > CurveCommands.MaxErrorReason ? reason[..CurveCommands.MaxErrorReason] : reason;
        byte[] bytes = Encoding.ASCII.GetBytes([.. text.Select(character => character is >= ' ' and <= '~' ? character : '?')]);
        return [.. CurveCommands.ErrorName, (byte)bytes.Length, .. bytes];
    }

    /// <summary>Makes a new key for cookies. The one before stays good until the next time.</summary>
    public void RotateCookieKeys() => _cookies.Rotate();

    /// <param name="command">The HELLO.</param>
    /// <param name="binding">Names the connection; the cookie is good only there.</param>
    public CurveHelloResult Hello(ReadOnlySpan<byte> command, ReadOnlySpan<byte> binding)
    {
        if (!CurveCommands.IsHello(command))
            return new CurveHelloResult(CurveCommands.FaultOf(command), null);
        // Version 1.0, then zeros that make HELLO longer than its answer.
        if (command[CurveCommands.HelloName.Length] != 1 || command[(CurveCommands.HelloName.Length + 1)..CurveCommands.HelloKey].ContainsAnyExcept((byte)0))
            return new CurveHelloResult(CurveFault.Malformed, null);

        Span<byte> key = stackalloc byte[CurveBox.KeyLength];
        try
        {
            ReadOnlySpan<byte> clientShort = command.Slice(CurveCommands.HelloKey, PublicKey.Length);
            Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
            CurveBox.WriteNonce(nonce, CurveCommands.HelloPrefix, command.Slice(CurveCommands.HelloNonce, CurveBox.ShortNonceLength));
            Span<byte> contents = stackalloc byte[CurveCommands.HelloContents];
            if (!CurveBox.TryAgree(own.Secret, clientShort, key) || !CurveBox.TryOpen(key, nonce, command[CurveCommands.HelloBox..], contents))
                return new CurveHelloResult(CurveFault.WrongKey, null);
            return contents.ContainsAnyExcept((byte)0)
                ? new CurveHelloResult(CurveFault.Malformed, null)
                : new CurveHelloResult(CurveFault.None, Welcome(key, clientShort, binding));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Whether an INITIATE has a cookie of this server's for the connection. Costs next to nothing: no multiplication.</summary>
    public bool HasGoodCookie(ReadOnlySpan<byte> command, ReadOnlySpan<byte> binding)
    {
        Span<byte> contents = stackalloc byte[CurveCommands.CookieContents];
        bool good = CurveCommands.IsInitiate(command)
            && _cookies.TryOpen(command.Slice(CurveCommands.InitiateCookie, CurveCommands.CookieLength), binding, contents);
        CryptographicOperations.ZeroMemory(contents);
        return good;
    }

    /// <param name="command">The INITIATE.</param>
    /// <param name="binding">Names the connection, as at its HELLO.</param>
    public CurveInitiateResult Initiate(ReadOnlySpan<byte> command, ReadOnlySpan<byte> binding)
    {
        if (!CurveCommands.IsInitiate(command))
            return Refuse(CurveCommands.FaultOf(command));

        // C' and s', for whom this is the first word that costs a multiplication.
        Span<byte> contents = stackalloc byte[CurveCommands.CookieContents];
        Span<byte> key = stackalloc byte[CurveBox.KeyLength];
        byte[] plain = new byte[command.Length - CurveCommands.InitiateBox - CurveBox.Overhead];
        try
        {
            if (!_cookies.TryOpen(command.Slice(CurveCommands.InitiateCookie, CurveCommands.CookieLength), binding, contents))
                return Refuse(CurveFault.BadCookie);
            ReadOnlySpan<byte> clientShort = contents[..PublicKey.Length];
            ReadOnlySpan<byte> shortSecret = contents[PublicKey.Length..];

            ulong number = BinaryPrimitives.ReadUInt64BigEndian(command[CurveCommands.InitiateNonce..]);
            Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
            CurveBox.WriteNonce(nonce, CurveCommands.InitiatePrefix, number);
            if (!CurveBox.TryAgree(shortSecret, clientShort, key) || !CurveBox.TryOpen(key, nonce, command[CurveCommands.InitiateBox..], plain))
                return Refuse(CurveFault.WrongKey);
            if (!IsVouchedFor(plain, clientShort, shortSecret))
                return Refuse(CurveFault.BadVouch);
            return CurveMetadata.TryDecode(plain.AsSpan(CurveCommands.InitiateMetadata)) is { } metadata
                ? new CurveInitiateResult(CurveFault.None, PublicKey.FromBytes(plain.AsSpan(0, PublicKey.Length)), metadata,
                    command.Slice(CurveCommands.InitiateCookie, CurveBox.LongNonceLength).ToArray(), new CurvePendingSession(key, number))
                : Refuse(CurveFault.Malformed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(contents);
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    public void Dispose() => _cookies.Dispose();

    private static CurveInitiateResult Refuse(CurveFault fault) => new(fault, null, null, null, null);

    private byte[] Welcome(ReadOnlySpan<byte> key, ReadOnlySpan<byte> clientShort, ReadOnlySpan<byte> binding)
    {
        using var pair = CurveKeyPair.Generate();
        Span<byte> kept = stackalloc byte[CurveCommands.CookieContents];
        clientShort.CopyTo(kept);
        pair.Secret.CopyTo(kept[PublicKey.Length..]);

        Span<byte> contents = stackalloc byte[CurveCommands.WelcomeContents];
        pair.PublicKey.Bytes.CopyTo(contents);
        _cookies.Seal(kept, binding, contents[PublicKey.Length..]);
        CryptographicOperations.ZeroMemory(kept);

        byte[] welcome = new byte[CurveCommands.WelcomeLength];
        CurveCommands.WelcomeName.CopyTo(welcome);
        Span<byte> random = welcome.AsSpan(CurveCommands.WelcomeNonce, CurveBox.LongNonceLength);
        RandomNumberGenerator.Fill(random);
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.WelcomePrefix, random);
        CurveBox.Seal(key, nonce, contents, welcome.AsSpan(CurveCommands.WelcomeBox));
        return welcome;
    }

    /// <summary>
    /// Whether the client holds the key it names. C' must be the one of this handshake, and S this server: without the
    /// latter, a server that the client trusts could pass its vouch on to another.
    /// </summary>
    private bool IsVouchedFor(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> clientShort, ReadOnlySpan<byte> shortSecret)
    {
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.VouchPrefix, plain.Slice(CurveCommands.VouchNonce, CurveBox.LongNonceLength));
        Span<byte> vouch = stackalloc byte[CurveCommands.VouchContents];
        Span<byte> key = stackalloc byte[CurveBox.KeyLength];
        bool opened = CurveBox.TryAgree(shortSecret, plain[..PublicKey.Length], key)
            && CurveBox.TryOpen(key, nonce, plain[CurveCommands.VouchBox..CurveCommands.InitiateMetadata], vouch);
        CryptographicOperations.ZeroMemory(key);
        return opened
            && CryptographicOperations.FixedTimeEquals(vouch[..PublicKey.Length], clientShort)
            && CryptographicOperations.FixedTimeEquals(vouch[PublicKey.Length..], own.PublicKey.Bytes);
    }
}
