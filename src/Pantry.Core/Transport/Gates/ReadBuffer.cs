using System.Buffers;

namespace Pantry.Transport.Gates;

/// <summary>
/// The buffer of one direction: a small one of its own to wait with, and a rented one while there is more to read.
/// </summary>
internal sealed class ReadBuffer(int waitBytes)
{
    private readonly byte[] _own = new byte[waitBytes];
    private byte[]? _rented;

    /// <summary>What the last read went into.</summary>
    public byte[] Current => _rented ?? _own;

    /// <summary>Size of the small one.</summary>
    public int WaitBytes => _own.Length;

    /// <summary>Room of exactly so many bytes; nothing of the former content is kept.</summary>
    public Memory<byte> Room(int bytes)
    {
        if (bytes <= _own.Length)
        {
            Release();
            return _own.AsMemory(0, bytes);
        }

        // Neither too small nor much too large: what waits with it should hold no more than it needs.
        if (_rented is null || _rented.Length < bytes || _rented.Length > 4 * (long)bytes)
        {
            Release();
            _rented = ArrayPool<byte>.Shared.Rent(bytes);
        }

        return _rented.AsMemory(0, bytes);
    }

    /// <summary>Gives the rented one back.</summary>
    public void Release()
    {
        if (_rented is { } rented)
        {
            _rented = null;
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
