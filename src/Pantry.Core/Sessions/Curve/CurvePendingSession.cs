using System.Security.Cryptography;

namespace Pantry.Sessions.Curve;

/// <summary>A client whose key is proved, until the caller has decided about that key. Accepted once or disposed.</summary>
internal sealed class CurvePendingSession : IDisposable
{
    private const ulong ReadyNumber = 1;

    private readonly byte[] _key;
    private readonly ulong _clientNonce;
    private bool _used;

    public CurvePendingSession(ReadOnlySpan<byte> key, ulong clientNonce)
    {
        _key = key.ToArray();
        _clientNonce = clientNonce;
    }

    /// <summary>The READY command and the session; the latter is the caller's.</summary>
    public (byte[] Ready, CurveSession Session) Accept(CurveMetadata metadata)
    {
        // A second READY under the same nonce would give both away.
        ObjectDisposedException.ThrowIf(_used, this);
        byte[] plain = metadata.Encode();
        byte[] ready = new byte[CurveCommands.ReadyBox + CurveBox.Overhead + plain.Length];
        CurveCommands.ReadyName.CopyTo(ready);
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.ReadyPrefix, ReadyNumber);
        nonce[CurveCommands.ReadyPrefix.Length..].CopyTo(ready.AsSpan(CurveCommands.ReadyNonce));
        CurveBox.Seal(_key, nonce, plain, ready.AsSpan(CurveCommands.ReadyBox));
        var session = new CurveSession(_key, isServer: true, ReadyNumber, _clientNonce);
        Dispose();
        return (ready, session);
    }

    public void Dispose()
    {
        _used = true;
        CryptographicOperations.ZeroMemory(_key);
    }
}
