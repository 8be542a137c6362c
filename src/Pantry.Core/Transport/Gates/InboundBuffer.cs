using System.Buffers;

namespace Pantry.Transport.Gates;

/// <summary>
/// What a peer has sent of messages that are not handed in yet. While it waits for more it holds little more than the
/// beginning of one message, and nothing between two.
/// </summary>
internal sealed class InboundBuffer
{
    private byte[] _bytes = [];
    private int _start;
    private int _judged;
    private int _end;

    /// <summary>Bytes held.</summary>
    public int Length => _bytes.Length;

    /// <summary>What came and was not judged yet.</summary>
    public ReadOnlySpan<byte> Unjudged => _bytes.AsSpan(_judged, _end - _judged);

    /// <summary>Whether all that came was judged.</summary>
    public bool IsJudged => _judged == _end;

    /// <summary>So much was judged.</summary>
    public void Judge(int bytes) => _judged += bytes;

    /// <summary>The message that has been judged to its end.</summary>
    public ReadOnlySpan<byte> Message => _bytes.AsSpan(_start, _judged - _start);

    /// <summary>Takes that message; good until the next call.</summary>
    public ReadOnlyMemory<byte> TakeMessage()
    {
        ReadOnlyMemory<byte> message = _bytes.AsMemory(_start, _judged - _start);
        _start = _judged;
        return message;
    }

    /// <summary>Takes that message's only frame, with the memory it is in.</summary>
    /// <param name="header">Bytes of the message before it.</param>
    public HandedFrame TakeFrame(int header)
    {
        int at = _start + header, length = _judged - at;
        _start = _judged;
        // A small one would take a large array with it.
        if (length < _bytes.Length / 4)
            return new HandedFrame(_bytes.AsSpan(at, length).ToArray());
        var frame = HandedFrame.InRented(_bytes, at, length);
        ReadOnlySpan<byte> rest = Unjudged;
        _bytes = [];
        _start = _judged = _end = 0;
        if (!rest.IsEmpty)
            Add(rest);
        return frame;
    }

    /// <summary>Room behind what came, of at least so many bytes.</summary>
    public Memory<byte> Room(int bytes)
    {
        if (_bytes.Length - _end < bytes)
            Move(_end - _start + bytes);
        return _bytes.AsMemory(_end);
    }

    /// <summary>So much was read into the room.</summary>
    public void Add(int bytes) => _end += bytes;

    /// <summary>Puts in what was read with another buffer.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length).Span);
        _end += bytes.Length;
    }

    /// <summary>Gives back what is not needed while there is nothing to read.</summary>
    public void Rest()
    {
        int held = _end - _start;
        if (held == 0)
            Release();
        else if (_bytes.Length > 4 * Math.Max(held, 64))
            Move(held);
    }

    public void Release()
    {
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = [];
        _start = _judged = _end = 0;
    }

    private void Move(int capacity)
    {
        byte[] moved = ArrayPool<byte>.Shared.Rent(capacity);
        _bytes.AsSpan(_start, _end - _start).CopyTo(moved);
        (int judged, int end) = (_judged - _start, _end - _start);
        Release();
        (_bytes, _judged, _end) = (moved, judged, end);
    }
}
