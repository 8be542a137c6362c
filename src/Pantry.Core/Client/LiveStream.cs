using Pantry.Commands;
using Pantry.Protocol;

namespace Pantry.Client;

/// <summary>One stream of a command's output, cut into pieces as it grows, with its secrets taken out. The pieces are what the result will have.</summary>
internal sealed class LiveStream(int number, IOutputSource source, string? textEncoding, SecretRedactor secrets)
{
    // Looks at an unfinished line until it is sent: whoever prints a question, or a progress, ends no line.
    private const int Patience = 4;

    private int _at;
    private int _place;
    private int _looks;
    private bool _insideValue;
    private bool _truncated;

    public int Number => number;

    public string? TextEncoding => textEncoding;

    /// <summary>Whether the last piece ended inside a record.</summary>
    public bool IsInside { get; private set; }

    /// <summary>The next piece; null where there is none yet.</summary>
    public LivePiece? Next()
    {
        // Asked first: what is kept after that is not the end, or is with it.
        bool truncated = source.Truncated;
        int length = source.Length;
        // With what is before and after the piece, where values of secrets may begin or end.
        int margin = secrets.LongestValue, from = Math.Max(0, _at - margin), most = _at - from + OutputCut.PieceBytes + margin;
        byte[] bytes = source.Read(from, Math.Min(most, length - from));
        int begin = _at - from, end = from + bytes.Length < length || truncated ? bytes.Length : secrets.Decided(bytes);
        (int cut, bool more) = begin < end
            ? OutputCut.Next(bytes.AsSpan(begin, end - begin), number, patient: number == Result.OutputBody || (++_looks < Patience && !truncated))
            : (0, false);
        bool over = truncated && !_truncated && _at + cut == length;
        if (cut == 0 && !over)
            return null;

        byte[] redacted = secrets.IsEmpty ? bytes[begin..(begin + cut)] : secrets.Redact(bytes, begin, begin + cut, ref _insideValue);
        var piece = new LivePiece(_place, redacted, more, over);
        _truncated |= over;
        _at += cut;
        _place += redacted.Length;
        _looks = 0;
        IsInside = more;
        return piece;
    }
}

/// <summary>A piece of a stream.</summary>
/// <param name="Place">Where it begins in the result's body.</param>
/// <param name="Bytes">The bytes.</param>
/// <param name="More">Whether a record goes on in the next one.</param>
/// <param name="Truncated">Whether the rest is left out.</param>
internal readonly record struct LivePiece(int Place, byte[] Bytes, bool More, bool Truncated);
