using System.Buffers;

namespace Pantry.Transport.Gates;

/// <summary>
/// What one direction of a connection reads into: taken from the pool once there is something to read, given back before
/// waiting for more, so that a connection that waits holds no buffer.
/// </summary>
internal sealed class ReadBuffer
{
    private byte[]? _rented;

    /// <summary>What the last read went into.</summary>
    public byte[] Current => _rented ?? [];

    /// <summary>Room of exactly so many bytes; nothing of the former content is kept.</summary>
    public Memory<byte> Room(int bytes)
    {
        // Neither too small nor much too large: what is slow to send should hold no more than it needs.
        if (_rented is null || _rented.Length < bytes || _rented.Length > 4 * (long)bytes)
        {
            Release();
            _rented = ArrayPool<byte>.Shared.Rent(bytes);
        }

        return _rented.AsMemory(0, bytes);
    }

    /// <summary>Gives it back.</summary>
    public void Release()
    {
        if (_rented is { } rented)
        {
            _rented = null;
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
