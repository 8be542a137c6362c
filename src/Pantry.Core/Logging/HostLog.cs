using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Pantry.Configuration.Settings;

namespace Pantry.Logging;

/// <summary>
/// Where a host logs to. Whoever logs never waits for a disk: lines go into a bounded queue, which one task writes out. When
/// it is full lines are left out, and how many is the next line.
/// </summary>
internal sealed class HostLog : ILoggerProvider, IAsyncDisposable
{
    private static readonly TimeSpan LastLinesPatience = TimeSpan.FromSeconds(2);

    private const int BatchSize = 256;

    private readonly IReadOnlyList<ILogSink> _sinks;
    private readonly Channel<LogLine> _lines;
    private readonly TimeProvider _time;
    private readonly Task _writing;
    private int _level;
    private long _lost;

    private HostLog(IReadOnlyList<ILogSink> sinks, LogSettings settings, TimeProvider time)
    {
        _sinks = sinks;
        _time = time;
        Level = settings.Level;
        _lines = Channel.CreateBounded<LogLine>(new BoundedChannelOptions(settings.WaitingLines) { SingleReader = true });
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>The least severe lines that are written; may be changed at any time.</summary>
    public LogSeverity Level
    {
        get => (LogSeverity)Volatile.Read(ref _level);
        set => Volatile.Write(ref _level, (int)value);
    }

    /// <summary>Lines that are missing and whose number is not in the log yet.</summary>
    public long Missing => Interlocked.Read(ref _lost);

    /// <summary>Opens a log.</summary>
    /// <param name="settings">Where to and how.</param>
    /// <param name="fallback">Where to if the settings do not say.</param>
    /// <param name="output">The host's standard output; null where it is not the host's to write to, and lines for it go nowhere.</param>
    /// <param name="error">The host's standard error; the same.</param>
    /// <param name="time">Clock.</param>
    /// <exception cref="PantryException">One of the places cannot be written to.</exception>
    public static HostLog Open(LogSettings settings, IReadOnlyList<LogTarget> fallback, TextWriter? output = null, TextWriter? error = null, TimeProvider? time = null)
    {
        var sinks = new List<ILogSink>();
        try
        {
            foreach (LogTarget target in settings.Targets ?? fallback)
            {
                if (Open(target, settings, output, error) is { } sink)
                    sinks.Add(sink);
            }

            return new HostLog(sinks, settings, time ?? TimeProvider.System);
        }
        catch
        {
            sinks.ForEach(sink => sink.Dispose());
            throw;
        }
    }

    public ILogger CreateLogger(string categoryName) => new Source(this, categoryName);

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>Writes what waits, for a short time, and closes the places.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_lines.Writer.TryComplete())
            return;
        await Task.WhenAny(_writing, Task.Delay(LastLinesPatience, _time)).ConfigureAwait(false);
        if (!_writing.IsCompleted)
            return;
        foreach (ILogSink sink in _sinks)
            sink.Dispose();
    }

    private static ILogSink? Open(LogTarget target, LogSettings settings, TextWriter? output, TextWriter? error) => target.Output switch
    {
        LogOutput.File => RolledFileSink.Open(target.Path!, settings.Format, settings.FileSize, settings.FileCount),
        LogOutput.Syslog => DatagramSink.Open("syslog", SyslogLine.Path, line => SyslogLine.Of(line, settings.ProgramName)),
        LogOutput.Journald => DatagramSink.Open("journald", JournalLine.Path, line => JournalLine.Of(line, settings.ProgramName)),
        LogOutput.EventLog => OperatingSystem.IsWindows() ? EventLogSink.Open(settings.ProgramName)
            : throw new PantryException(PantryErrorCode.InvalidConfiguration, "log_to says eventlog, which only Windows has. Say syslog, journald or a file."),
        LogOutput.Stdout => output is null ? null : new WriterSink(output, settings.Format),
        _ => error is null ? null : new WriterSink(error, settings.Format),
    };

    private bool IsEnabled(LogLevel level) => level != LogLevel.None && (int)level >= Volatile.Read(ref _level);

    private void Add(LogLine line)
    {
        if (!_lines.Writer.TryWrite(line))
            Interlocked.Increment(ref _lost);
    }

    private async Task WriteAsync()
    {
        var batch = new List<LogLine>(BatchSize);
        while (await _lines.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            while (batch.Count < BatchSize && _lines.Reader.TryRead(out LogLine? line))
                batch.Add(line);
            if (Interlocked.Exchange(ref _lost, 0) is > 0 and long lost)
                batch.Add(Lost(lost));
            foreach (ILogSink sink in _sinks)
                Write(sink, batch);
            batch.Clear();
        }
    }

    private void Write(ILogSink sink, List<LogLine> batch)
    {
        try
        {
            sink.Write(batch);
        }
        catch (Exception)
        {
            // There is nobody left to tell but the log itself, once it can be written again.
            Interlocked.Add(ref _lost, batch.Count);
        }
    }

    private LogLine Lost(long count) => new(
        _time.GetUtcNow(), LogLevel.Warning, "Pantry.Logging", $"{count} lines are missing here: the log could not be written, or not as fast as they came.", [], null);

    private sealed class Source(HostLog log, string name) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => log.IsEnabled(logLevel);

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (log.IsEnabled(logLevel))
                log.Add(LogLine.Of(log._time.GetUtcNow(), logLevel, name, state, exception, formatter));
        }
    }
}
