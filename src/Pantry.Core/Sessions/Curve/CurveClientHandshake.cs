using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Pantry.Security;

namespace Pantry.Sessions.Curve;

/// <summary>
/// What came of a command the client received: a fault, the INITIATE to send, or the session. The reason is the one of
/// ERROR, in printable ASCII; nothing proves who said it.
/// </summary>
internal readonly record struct CurveClientStep(CurveFault Fault, byte[]? Reply, CurveSession? Session, CurveMetadata? PeerMetadata, string? Reason);

/// <summary>
/// The client's side of one handshake. A fault other than RefusedByPeer leaves it as it was. Its short-term keys are
/// wiped when it is done and on disposal; the session it brought is the caller's. For one caller at a time.
/// </summary>
internal sealed class CurveClientHandshake : IDisposable
{
    private const ulong HelloNumber = 1;
    private const ulong InitiateNumber = 2;

    private readonly CurveKeyPair _own;
    private readonly PublicKey _server;
    private readonly CurveMetadata _metadata;
    private readonly CurveKeyPair _short = CurveKeyPair.Generate();
    private readonly byte[] _helloKey = new byte[CurveBox.KeyLength];
    private readonly byte[] _sessionKey = new byte[CurveBox.KeyLength];
    private State _state = State.New;

    /// <param name="own">The client's key; stays the caller's.</param>
    /// <param name="server">The only server that is spoken to.</param>
    /// <param name="metadata">What the server is told, after it has proved to be the one.</param>
    /// <exception cref="PantryException">The server's key is none that keeps a secret.</exception>
    public CurveClientHandshake(CurveKeyPair own, PublicKey server, CurveMetadata metadata)
    {
        _own = own;
        _server = server;
        _metadata = metadata;
        if (CurveBox.TryAgree(_short.Secret, server.Bytes, _helloKey))
            return;
        Dispose();
        throw new PantryException(PantryErrorCode.InvalidKey,
            $"The server's public key {server} is not safe to use: anybody could read what is sealed with it. Take the key that the server shows.");
    }

    private enum State
    {
        New,
        AwaitsWelcome,
        AwaitsReady,
        Done,
    }

    /// <summary>The HELLO command.</summary>
    public byte[] Hello()
    {
        ObjectDisposedException.ThrowIf(_state == State.Done, this);
        byte[] hello = new byte[CurveCommands.HelloLength];
        CurveCommands.HelloName.CopyTo(hello);
        hello[CurveCommands.HelloName.Length] = 1;
        _short.PublicKey.Bytes.CopyTo(hello.AsSpan(CurveCommands.HelloKey));
        BinaryPrimitives.WriteUInt64BigEndian(hello.AsSpan(CurveCommands.HelloNonce), HelloNumber);
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.HelloPrefix, HelloNumber);
        Span<byte> zeros = stackalloc byte[CurveCommands.HelloContents];
        zeros.Clear();
        CurveBox.Seal(_helloKey, nonce, zeros, hello.AsSpan(CurveCommands.HelloBox));
        if (_state == State.New)
            _state = State.AwaitsWelcome;
        return hello;
    }

    /// <summary>Takes WELCOME, READY or ERROR.</summary>
    public CurveClientStep Receive(ReadOnlySpan<byte> command)
    {
        if (_state is State.AwaitsWelcome or State.AwaitsReady && CurveCommands.IsError(command))
        {
            Finish();
            return new CurveClientStep(CurveFault.RefusedByPeer, null, null, null, Reason(command[CurveCommands.ErrorReason..]));
        }

        return _state switch
        {
            State.AwaitsWelcome when CurveCommands.IsWelcome(command) => TakeWelcome(command),
            State.AwaitsReady when CurveCommands.IsReady(command) => TakeReady(command),
            _ => Refuse(CurveCommands.FaultOf(command)),
        };
    }

    public void Dispose() => Finish();

    private static CurveClientStep Refuse(CurveFault fault) => new(fault, null, null, null, null);

    private static string Reason(ReadOnlySpan<byte> reason)
    {
        var text = new StringBuilder(reason.Length);
        foreach (byte character in reason)
            text.Append(character is >= 0x20 and < 0x7f ? (char)character : '?');
        return text.ToString();
    }

    private CurveClientStep TakeWelcome(ReadOnlySpan<byte> welcome)
    {
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.WelcomePrefix, welcome.Slice(CurveCommands.WelcomeNonce, CurveBox.LongNonceLength));
        Span<byte> contents = stackalloc byte[CurveCommands.WelcomeContents];
        if (!CurveBox.TryOpen(_helloKey, nonce, welcome[CurveCommands.WelcomeBox..], contents))
            return Refuse(CurveFault.WrongKey);
        ReadOnlySpan<byte> serverShort = contents[..PublicKey.Length];
        Span<byte> vouchKey = stackalloc byte[CurveBox.KeyLength];
        if (!CurveBox.TryAgree(_short.Secret, serverShort, _sessionKey) || !CurveBox.TryAgree(_own.Secret, serverShort, vouchKey))
            return Refuse(CurveFault.WrongKey);

        byte[] metadata = _metadata.Encode();
        byte[] initiate = new byte[CurveCommands.InitiateBox + CurveBox.Overhead + CurveCommands.InitiateMetadata + metadata.Length];
        CurveCommands.InitiateName.CopyTo(initiate);
        contents[PublicKey.Length..].CopyTo(initiate.AsSpan(CurveCommands.InitiateCookie));
        BinaryPrimitives.WriteUInt64BigEndian(initiate.AsSpan(CurveCommands.InitiateNonce), InitiateNumber);

        byte[] plain = new byte[CurveCommands.InitiateMetadata + metadata.Length];
        _own.PublicKey.Bytes.CopyTo(plain);
        WriteVouch(vouchKey, plain);
        metadata.CopyTo(plain.AsSpan(CurveCommands.InitiateMetadata));
        CurveBox.WriteNonce(nonce, CurveCommands.InitiatePrefix, InitiateNumber);
        CurveBox.Seal(_sessionKey, nonce, plain, initiate.AsSpan(CurveCommands.InitiateBox));
        CryptographicOperations.ZeroMemory(plain);
        CryptographicOperations.ZeroMemory(vouchKey);
        _state = State.AwaitsReady;
        return new CurveClientStep(CurveFault.None, initiate, null, null, null);
    }

    /// <summary>Proves that this short-term key belongs to the client's key, and is meant for this server.</summary>
    private void WriteVouch(ReadOnlySpan<byte> key, Span<byte> plain)
    {
        Span<byte> random = plain.Slice(CurveCommands.VouchNonce, CurveBox.LongNonceLength);
        RandomNumberGenerator.Fill(random);
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.VouchPrefix, random);
        Span<byte> vouch = stackalloc byte[CurveCommands.VouchContents];
        _short.PublicKey.Bytes.CopyTo(vouch);
        _server.Bytes.CopyTo(vouch[PublicKey.Length..]);
        CurveBox.Seal(key, nonce, vouch, plain[CurveCommands.VouchBox..CurveCommands.InitiateMetadata]);
    }

    private CurveClientStep TakeReady(ReadOnlySpan<byte> ready)
    {
        ulong number = BinaryPrimitives.ReadUInt64BigEndian(ready[CurveCommands.ReadyNonce..]);
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.ReadyPrefix, number);
        byte[] plain = new byte[ready.Length - CurveCommands.ReadyBox - CurveBox.Overhead];
        if (!CurveBox.TryOpen(_sessionKey, nonce, ready[CurveCommands.ReadyBox..], plain))
            return Refuse(CurveFault.WrongKey);
        if (CurveMetadata.TryDecode(plain) is not { } metadata)
            return Refuse(CurveFault.Malformed);
        var session = new CurveSession(_sessionKey, isServer: false, InitiateNumber, number);
        Finish();
        return new CurveClientStep(CurveFault.None, null, session, metadata, null);
    }

    private void Finish()
    {
        _state = State.Done;
        _short.Dispose();
        CryptographicOperations.ZeroMemory(_helloKey);
        CryptographicOperations.ZeroMemory(_sessionKey);
    }
}
