using System.Security.Cryptography;

namespace Pantry.Sessions.Curve;

/// <summary>
/// What the server must remember between HELLO and INITIATE, given to the client to keep: sealed under a key that only
/// this server has, made for one connection, and good until the key has been rotated twice.
/// </summary>
internal sealed class CurveCookies : IDisposable
{
    private const string Purpose = "Pantry CURVE cookie";

    private readonly Lock _lock = new();
    private byte[] _current = RandomNumberGenerator.GetBytes(CurveBox.KeyLength);
    private byte[]? _previous;
    private bool _disposed;

    public void Seal(ReadOnlySpan<byte> contents, ReadOnlySpan<byte> binding, Span<byte> cookie)
    {
        RandomNumberGenerator.Fill(cookie[..CurveBox.LongNonceLength]);
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.CookiePrefix, cookie[..CurveBox.LongNonceLength]);
        Span<byte> key = stackalloc byte[CurveBox.KeyLength];
        _ = TryDerive(previous: false, binding, key);
        CurveBox.Seal(key, nonce, contents, cookie[CurveBox.LongNonceLength..]);
        CryptographicOperations.ZeroMemory(key);
    }

    public bool TryOpen(ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> binding, Span<byte> contents)
    {
        Span<byte> nonce = stackalloc byte[CurveBox.NonceLength];
        CurveBox.WriteNonce(nonce, CurveCommands.CookiePrefix, cookie[..CurveBox.LongNonceLength]);
        Span<byte> key = stackalloc byte[CurveBox.KeyLength];
        ReadOnlySpan<byte> box = cookie[CurveBox.LongNonceLength..];
        // A rotation between the two looks costs a client one handshake at worst.
        bool opened = (TryDerive(previous: false, binding, key) && CurveBox.TryOpen(key, nonce, box, contents))
            || (TryDerive(previous: true, binding, key) && CurveBox.TryOpen(key, nonce, box, contents));
        CryptographicOperations.ZeroMemory(key);
        return opened;
    }

    public void Rotate()
    {
        byte[] fresh = RandomNumberGenerator.GetBytes(CurveBox.KeyLength);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            CryptographicOperations.ZeroMemory(_previous);
            _previous = _current;
            _current = fresh;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            CryptographicOperations.ZeroMemory(_current);
            CryptographicOperations.ZeroMemory(_previous);
        }
    }

    private bool TryDerive(bool previous, ReadOnlySpan<byte> binding, Span<byte> key)
    {
        byte[] info = [.. System.Text.Encoding.ASCII.GetBytes(Purpose), .. binding];
        // Under the lock, so that a key is never wiped while it is read.
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if ((previous ? _previous : _current) is not { } root)
                return false;
            HKDF.DeriveKey(HashAlgorithmName.SHA256, root, key, salt: default, info);
            return true;
        }
    }
}
