using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Pantry.TestHost;

/// <summary>What a host has to say, on standard error; only where PANTRY_TEST_LOG is set.</summary>
internal sealed class StandardErrorLog(string name) : ILogger
{
    public static ILogger For(string name) =>
        Environment.GetEnvironmentVariable("PANTRY_TEST_LOG") is { Length: > 0 } ? new StandardErrorLog(name) : NullLogger.Instance;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:HH:mm:ss.fff} {name} {logLevel} {formatter(state, exception)} {exception}"));
    }
}
