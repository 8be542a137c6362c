using System.Security.Cryptography;

namespace Pantry.Transport.Gates;

/// <summary>
/// What our endpoint sends last to a peer that is dismissed: a frame that the gate knows and does not pass on. When it
/// comes, everything before it has come, however long it waited inside the endpoint.
/// </summary>
internal sealed class EndMark
{
    private const int BodyBytes = 32;

    private readonly byte[] _frame;
    private int _held;

    public EndMark()
    {
        // Random, so that no message has it by accident or by intent; behind it the short header of a last frame.
        _frame = [0, BodyBytes, .. RandomNumberGenerator.GetBytes(BodyBytes)];
    }

    /// <summary>The frame as the endpoint is to send it.</summary>
    public byte[] Body => _frame[^BodyBytes..];

    /// <summary>What looked like the mark's beginning at the end of the last piece, and was not passed on.</summary>
    public ReadOnlyMemory<byte> Held => _frame.AsMemory(0, _held);

    /// <summary>Looks at the next bytes of the endpoint.</summary>
    /// <returns>What is to be passed on now.</returns>
    public ReadOnlyMemory<byte> Before(ReadOnlyMemory<byte> piece, out bool found)
    {
        if (_held > 0)
            piece = (byte[])[.. Held.Span, .. piece.Span];
        int end = piece.Span.IndexOf(_frame);
        found = end >= 0;
        _held = found ? 0 : BeginningAtEndOf(piece.Span);
        return piece[..(found ? end : piece.Length - _held)];
    }

    private int BeginningAtEndOf(ReadOnlySpan<byte> bytes)
    {
        int length = Math.Min(bytes.Length, _frame.Length - 1);
        while (!bytes.EndsWith(_frame.AsSpan(0, length)))
            length--;
        return length;
    }
}
