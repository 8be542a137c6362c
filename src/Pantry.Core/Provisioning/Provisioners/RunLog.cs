using System.Text;
using Pantry.Commands;
using Pantry.Configuration;
using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>All that a tool writes, without secrets, up to a bound.</summary>
internal sealed class RunLog : IDisposable
{
    private static readonly byte[] Full = Encoding.UTF8.GetBytes("\n[The log is full; the rest of the output is left out.]\n");

    private readonly Lock _writing = new();
    private readonly ProvisionLimits _limits;
    private readonly SecretRedactor _redactor;
    private readonly FileStream _file;
    private readonly RedactedStream[] _streams;
    private bool _full;

    public RunLog(string path, ProvisionLimits limits, SecretRedactor redactor)
    {
        Path = path;
        _limits = limits;
        _redactor = redactor;
        _streams = [new RedactedStream(redactor), new RedactedStream(redactor)];
        _file = OwnerOnly.Create(path, FileMode.CreateNew);
    }

    public string Path { get; }

    /// <summary>A line of Pantry's own.</summary>
    public void Note(string line)
    {
        lock (_writing)
            Append(Encoding.UTF8.GetBytes($"# {_redactor.Redact(line)}\n"));
    }

    /// <summary>What came of a stream: 0 for standard output, 1 for standard error.</summary>
    public void Write(int stream, ReadOnlySpan<byte> bytes)
    {
        lock (_writing)
        {
            if (!_full)
                Append(_streams[stream].Take(bytes));
        }
    }

    /// <summary>Writes what was kept back, once a program has ended.</summary>
    public void Flush()
    {
        lock (_writing)
        {
            foreach (RedactedStream stream in _streams)
                Append(stream.End());
        }
    }

    /// <summary>The last of it, as text.</summary>
    public string Tail()
    {
        lock (_writing)
        {
            long length = _file.Length, from = Math.Max(0, length - _limits.LogTailBytes);
            byte[] bytes = new byte[length - from];
            _file.Position = from;
            int read = _file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            _file.Position = length;
            return DisplayText.Clean(Encoding.UTF8.GetString(bytes, 0, read));
        }
    }

    public void Dispose()
    {
        Flush();
        _file.Dispose();
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_full || bytes.IsEmpty)
            return;
        long room = Math.Max(0, _limits.LogBytes - _file.Length);
        _full = bytes.Length > room;
        try
        {
            _file.Write(_full ? bytes[..(int)room] : bytes);
            if (_full)
                _file.Write(Full);
        }
        catch (IOException)
        {
            // The disk is full: the tool's work counts more than its log.
            _full = true;
        }
    }
}
