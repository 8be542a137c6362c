using System.Buffers;
using System.Text;

namespace Pantry.Protocol;

/// <summary>Where output is cut into pieces: behind a line or a record, and inside a character never. No state.</summary>
internal static class OutputCut
{
    /// <summary>Bytes of output in a piece, before secrets are taken out of it.</summary>
    public const int PieceBytes = 16 * 1024;

    private const int LongestCharacter = 4;

    /// <summary>How many of the bytes are the next piece, and whether it ends inside a record. 0 where it is better to wait for more.</summary>
    /// <param name="bytes">What there is, from the end of the last piece on.</param>
    /// <param name="stream">Which stream it is.</param>
    /// <param name="patient">Whether to wait for the end of a line. Whoever prints a question writes none.</param>
    public static (int Length, bool More) Next(ReadOnlySpan<byte> bytes, int stream, bool patient)
    {
        ReadOnlySpan<byte> piece = bytes[..Math.Min(bytes.Length, PieceBytes)];
        bool full = piece.Length == PieceBytes;
        if (stream == Result.OutputBody)
        {
            int record = piece.LastIndexOf((byte)0) + 1;
            return record > 0 ? (record, false) : full ? (PieceBytes, true) : patient ? (0, false) : (piece.Length, false);
        }

        int line = piece.LastIndexOf((byte)'\n') + 1;
        return (line > 0 ? line : full || !patient ? WholeCharacters(piece, mayWait: patient || bytes.Length > piece.Length) : 0, false);
    }

    // Up to an incomplete character at the end, which goes with the next piece. What is no UTF-8 has none.
    private static int WholeCharacters(ReadOnlySpan<byte> bytes, bool mayWait)
    {
        for (int back = 1; mayWait && back < LongestCharacter && back < bytes.Length; back++)
        {
            if (Rune.DecodeFromUtf8(bytes[^back..], out _, out _) == OperationStatus.NeedMoreData)
                return bytes.Length - back;
        }

        return bytes.Length;
    }
}
