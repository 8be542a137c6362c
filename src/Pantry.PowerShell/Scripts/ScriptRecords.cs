using System.Management.Automation;
using System.Text;
using Pantry.Commands;

namespace Pantry.PowerShell.Scripts;

/// <summary>
/// What a script wrote, in the order it came, kept up to a cap: for each record the letter of its stream, a CLIXML
/// document and a zero byte. Plain values that follow each other share a document, whose frame is longer than they are.
/// </summary>
internal sealed class ScriptRecords(int cap, int depth) : IOutputSource, IDisposable
{
    public const char Output = 'O';
    public const char Error = 'E';
    public const char Warning = 'W';
    public const char Verbose = 'V';
    public const char Information = 'I';
    public const char Debug = 'D';

    private const string End = "</Objs>";

    private readonly Lock _lock = new();
    private readonly MemoryStream _kept = new();

    // Stream of the document that is still open for more plain values; none is.
    private char? _open;
    private bool _closed;

    /// <summary>Whether a record did not fit; those after it are left out too, so that what is kept has no gaps.</summary>
    public bool Truncated { get; private set; }

    public void Add(char stream, object? value)
    {
        lock (_lock)
        {
            if (Truncated)
                return;
        }

        string document = PSSerializer.Serialize(value, depth);
        int end = document.LastIndexOf(End, StringComparison.Ordinal);

        // References count from 0 in every document, so what has some can't share one.
        bool plain = !document.Contains("RefId=", StringComparison.Ordinal);
        lock (_lock)
            Keep(stream, document, plain, end);
    }

    /// <summary>How much is kept. Asked for, the open document is closed: what is looked at is whole.</summary>
    public int Length
    {
        get
        {
            lock (_lock)
            {
                if (_closed)
                    return 0;
                Close();
                return (int)_kept.Length;
            }
        }
    }

    public byte[] Read(int from, int most)
    {
        lock (_lock)
            return _closed || from >= _kept.Length ? [] : _kept.GetBuffer().AsSpan(from, Math.Min(most, (int)_kept.Length - from)).ToArray();
    }

    public byte[] ToArray()
    {
        lock (_lock)
            return _open is null ? _kept.ToArray() : [.. _kept.ToArray(), .. Closing];
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _closed = true;
            _kept.Dispose();
        }
    }

    private static ReadOnlySpan<byte> Closing => "</Objs>\0"u8;

    private void Keep(char stream, string document, bool plain, int end)
    {
        bool shares = plain && _open == stream;
        int start = shares ? document.IndexOf('>', StringComparison.Ordinal) + 1 : 0;
        byte[] text = Encoding.UTF8.GetBytes(shares ? document[start..end].Trim() : stream + document[..end].Trim());
        if (Truncated || _kept.Length + text.Length + (2 * Closing.Length) > cap)
        {
            Truncated = true;
            return;
        }

        if (!shares)
            Close();
        _kept.Write(text);
        if (!plain)
            _kept.Write(Closing);
        _open = plain ? stream : null;
    }

    private void Close()
    {
        if (_open is not null)
            _kept.Write(Closing);
        _open = null;
    }
}
