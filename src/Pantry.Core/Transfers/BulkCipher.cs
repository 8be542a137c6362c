using System.Buffers.Binary;
using System.Security.Cryptography;
using Pantry.Files;
using Pantry.Sessions;

namespace Pantry.Transfers;

/// <summary>
/// Seals or opens chunks under the key of one direction of one session, with AES-256-GCM: the boxes of sessions are managed code and would be slower than the
/// network. The nonce is a counter that only grows; what chunk it is, is sealed along.
/// </summary>
internal sealed class BulkCipher : IDisposable
{
    public const int KeyLength = 32;

    private const int NonceLength = 12;
    private const int AssociatedLength = BulkFrame.HeaderLength + ContentHash.Length;

    private readonly Lock _lock = new();
    private readonly AesGcm _cipher;
    private ulong _counter;
    private bool _disposed;

    public BulkCipher(byte[] key) => _cipher = new AesGcm(key, BulkFrame.TagLength);

    /// <summary>Seals the bytes that stand in a frame behind the place of its header.</summary>
    /// <returns>False once the session is over.</returns>
    public bool Seal(Span<byte> frame, ulong transfer, ulong number, ContentHash hash)
    {
        lock (_lock)
        {
            if (_disposed)
                return false;
            BulkFrame.WriteHeader(frame, transfer, number, checked(++_counter));
            Span<byte> nonce = stackalloc byte[NonceLength];
            Span<byte> associated = stackalloc byte[AssociatedLength];
            Span<byte> body = frame[BulkFrame.HeaderLength..^BulkFrame.TagLength];
            _cipher.Encrypt(Nonce(nonce, _counter), body, body, frame[^BulkFrame.TagLength..], Associated(associated, frame, hash));
            return true;
        }
    }

    /// <summary>Whether a frame's counter is above all before it; it counts from then on. In the order in which frames come.</summary>
    public bool IsNext(ReadOnlySpan<byte> frame)
    {
        (_, _, ulong counter) = BulkFrame.ReadHeader(frame);
        lock (_lock)
        {
            if (counter <= _counter)
                return false;
            _counter = counter;
            return true;
        }
    }

    /// <summary>Opens a frame; false where it is not this chunk, or not of who has the key.</summary>
    public bool Open(ReadOnlySpan<byte> frame, ContentHash hash, Span<byte> into)
    {
        if (frame.Length != BulkFrame.LengthOf(into.Length))
            return false;
        Span<byte> nonce = stackalloc byte[NonceLength];
        Span<byte> associated = stackalloc byte[AssociatedLength];
        (_, _, ulong counter) = BulkFrame.ReadHeader(frame);
        try
        {
            lock (_lock)
            {
                if (_disposed)
                    return false;
                _cipher.Decrypt(Nonce(nonce, counter), frame[BulkFrame.HeaderLength..^BulkFrame.TagLength], frame[^BulkFrame.TagLength..], into, Associated(associated, frame, hash));
                return true;
            }
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _cipher.Dispose();
        }
    }

    private static Span<byte> Nonce(Span<byte> nonce, ulong counter)
    {
        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], counter);
        return nonce;
    }

    private static Span<byte> Associated(Span<byte> associated, ReadOnlySpan<byte> frame, ContentHash hash)
    {
        frame[..BulkFrame.HeaderLength].CopyTo(associated);
        hash.CopyTo(associated[BulkFrame.HeaderLength..]);
        return associated;
    }
}
