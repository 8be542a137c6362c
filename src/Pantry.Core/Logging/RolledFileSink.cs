using System.Collections.Concurrent;
using System.Text;
using Pantry.Configuration.Settings;

namespace Pantry.Logging;

/// <summary>
/// A file that is renamed to NAME.1 when it is full, NAME.1 to NAME.2, and so on. It is opened for each batch of lines, so
/// that whoever moves it away (logrotate, an administrator) needs to tell nobody.
/// </summary>
internal sealed class RolledFileSink : ILogSink
{
    // Server and client of one process can share a configuration, and so a file; they take turns.
    private static readonly ConcurrentDictionary<string, Lock> Turns = new(StringComparer.Ordinal);

    private const UnixFileMode OwnerAndGroup = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;

    private readonly string _path;
    private readonly LogFormat _format;
    private readonly long _size;
    private readonly int _count;
    private readonly Lock _turn;

    private RolledFileSink(string path, LogFormat format, long size, int count)
    {
        (_path, _format, _size, _count) = (path, format, size, count);
        _turn = Turns.GetOrAdd(path, _ => new Lock());
    }

    /// <summary>Tries at once whether the file can be written.</summary>
    /// <exception cref="PantryException">It cannot.</exception>
    public static RolledFileSink Open(string path, LogFormat format, long size, int count)
    {
        try
        {
            path = Path.GetFullPath(path);
            if (Path.GetDirectoryName(path) is { } directory && !Directory.Exists(directory))
                throw new IOException($"There is no directory '{directory}'.");
            var sink = new RolledFileSink(path, format, size, count);
            lock (sink._turn)
                sink.Append().Dispose();
            return sink;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new PantryException(PantryErrorCode.InvalidConfiguration,
                $"The log file '{DisplayText.Clean(path, 300)}' cannot be written: {exception.Message} Correct log_to, or see to the directory and its permissions.", exception)
            { Target = path };
        }
    }

    public void Write(IReadOnlyList<LogLine> lines)
    {
        lock (_turn)
        {
            FileStream file = Append();
            try
            {
                foreach (LogLine line in lines)
                {
                    byte[] bytes = Encoding.UTF8.GetBytes(LineText.Of(line, _format) + "\n");
                    if (file.Position > 0 && file.Position + bytes.Length > _size)
                    {
                        file.Dispose();
                        Roll();
                        file = Append();
                    }

                    file.Write(bytes);
                }
            }
            finally
            {
                file.Dispose();
            }
        }
    }

    public void Dispose()
    {
        // Nothing is held between batches.
    }

    private FileStream Append()
    {
        // Whoever may write to the directory must not choose another file for us.
        if (new FileInfo(_path).LinkTarget is not null)
            throw new IOException("It is a link.");
        var options = new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite | FileShare.Delete };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerAndGroup;
        return new FileStream(_path, options);
    }

    private void Roll()
    {
        if (_count == 1)
        {
            File.Delete(_path);
            return;
        }

        for (int number = _count - 1; number > 1; number--)
        {
            if (File.Exists(Numbered(number - 1)))
                File.Move(Numbered(number - 1), Numbered(number), overwrite: true);
        }

        File.Move(_path, Numbered(1), overwrite: true);
    }

    private string Numbered(int number) => $"{_path}.{number}";
}
