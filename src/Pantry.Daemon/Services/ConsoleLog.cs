using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Pantry.Daemon.Services;

/// <summary>A service's log on its standard error: with the time in the foreground, with journald's priorities under systemd, which has the time itself.</summary>
internal sealed class ConsoleLog(Terminal terminal, LogLevel least) : ILogger
{
    private readonly bool _journal = Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 };

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel != LogLevel.None;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        string text = formatter(state, exception) + (exception is null ? "" : $" ({exception.GetType().Name}: {exception.Message})");
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            terminal.Error(_journal
                ? $"<{Priority(logLevel)}>{line}"
                : string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.Now:yyyy-MM-dd HH:mm:ss.fff} {logLevel}: {line}"));
        }
    }

    private static int Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };
}
