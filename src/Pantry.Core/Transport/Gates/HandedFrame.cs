using System.Buffers;

namespace Pantry.Transport.Gates;

/// <summary>
/// A large frame that is handed from one to the next, so that its bytes need not be copied. Who has it last gives its memory back; where that is forgotten, it is
/// collected.
/// </summary>
internal sealed class HandedFrame : IDisposable
{
    // For the header that the gate puts in front.
    private const int HeadRoom = 16;

    private readonly bool _isRented;
    private byte[]? _array;
    private int _start;

    /// <summary>A frame in an array of its own.</summary>
    public HandedFrame(byte[] array) => (_array, Length) = (array, array.Length);

    private HandedFrame(byte[] rented, int start, int length) => (_array, _start, Length, _isRented) = (rented, start, length, true);

    public int Length { get; private set; }

    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public ArraySegment<byte> Segment => new(_array ?? throw new ObjectDisposedException(nameof(HandedFrame)), _start, Length);

    /// <inheritdoc cref="Segment"/>
    public ReadOnlySpan<byte> Bytes => Segment;

    /// <summary>A frame of so many bytes that are to be written.</summary>
    public static HandedFrame Rent(int length) => new(ArrayPool<byte>.Shared.Rent(HeadRoom + length), HeadRoom, length);

    /// <summary>A frame in an array that was rented from the pool.</summary>
    public static HandedFrame InRented(byte[] array, int start, int length) => new(array, start, length);

    /// <summary>Puts a header in front. False where the memory has no room for it.</summary>
    public bool TryPrepend(ReadOnlySpan<byte> header)
    {
        if (_start < header.Length)
            return false;
        _start -= header.Length;
        Length += header.Length;
        header.CopyTo(Segment);
        return true;
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _array, null) is { } array && _isRented)
            ArrayPool<byte>.Shared.Return(array);
    }
}
