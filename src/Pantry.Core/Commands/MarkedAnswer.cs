using System.Buffers.Text;

namespace Pantry.Commands;

/// <summary>
/// Takes apart what a PowerShell child writes: what its script wrote to the console, and what the child itself says, behind a mark that
/// nobody can guess. A mark and <c>+</c> begin a line with records that the script has just made, in base64; a mark without, the answer at
/// the end. Each has a cap of its own: no output before it can crowd it out. Guarded by the output that it belongs to.
/// </summary>
internal sealed class MarkedAnswer(byte[] mark, CappedOutput records, CappedOutput answer)
{
    // The child writes no longer ones, so that each is written at once and nothing of another process gets into it.
    private const int LongestLine = 8 * 1024;

    private byte[] _undecided = [];
    private bool _ended;

    /// <summary>What came after the last mark; null where that never came.</summary>
    public byte[]? Answer => _ended ? answer.ToArray() : null;

    public void Split(ReadOnlySpan<byte> bytes, KeepBytes keep)
    {
        byte[] all = _undecided.Length == 0 ? bytes.ToArray() : [.. _undecided, .. bytes];
        ReadOnlySpan<byte> rest = all;
        while (!_ended && rest.IndexOf(mark) is >= 0 and int at)
        {
            ReadOnlySpan<byte> behind = rest[(at + mark.Length)..];
            keep(rest[..at]);
            rest = rest[at..];
            int line = behind.IndexOf((byte)'\n');
            if (behind.Length == 0 || (behind[0] == '+' && line < 0 && behind.Length <= LongestLine))
            {
                // Its end is still to come.
                _undecided = rest.ToArray();
                return;
            }

            _ended = behind[0] != '+';
            if (!_ended && line > 0)
                KeepRecords(behind[1..line]);
            rest = _ended ? behind : behind[(line + 1)..];
        }

        if (_ended)
        {
            _undecided = [];
            answer.Add(rest);
            return;
        }

        int decided = rest.Length - MarkBeginning(rest);
        keep(rest[..decided]);
        _undecided = rest[decided..].ToArray();
    }

    /// <summary>Nothing more comes: what could have become a mark is none.</summary>
    public void End(KeepBytes keep)
    {
        keep(_undecided);
        _undecided = [];
    }

    private void KeepRecords(ReadOnlySpan<byte> base64)
    {
        byte[] decoded = new byte[Base64.GetMaxDecodedFromUtf8Length(base64.Length)];
        if (Base64.DecodeFromUtf8(base64.TrimEnd((byte)'\r'), decoded, out _, out int written) == System.Buffers.OperationStatus.Done)
            records.Add(decoded.AsSpan(0, written));
    }

    // How much of the end could be a mark's beginning.
    private int MarkBeginning(ReadOnlySpan<byte> bytes)
    {
        for (int length = Math.Min(mark.Length - 1, bytes.Length); length > 0; length--)
        {
            if (mark.AsSpan().StartsWith(bytes[^length..]))
                return length;
        }

        return 0;
    }
}

internal delegate void KeepBytes(ReadOnlySpan<byte> bytes);
