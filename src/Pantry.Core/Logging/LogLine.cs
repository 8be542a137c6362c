using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Pantry.Logging;

/// <summary>One thing that was logged.</summary>
/// <param name="At">When.</param>
/// <param name="Level">How severe it is.</param>
/// <param name="Source">What part of Pantry says it.</param>
/// <param name="Message">The message with its values in place; one line.</param>
/// <param name="Fields">Its values by name, such as Job and Client.</param>
/// <param name="Error">The exception, where there is one.</param>
internal sealed record LogLine(DateTimeOffset At, LogLevel Level, string Source, string Message, IReadOnlyList<KeyValuePair<string, string>> Fields, string? Error)
{
    // What a peer said can be in there; nobody reads more.
    private const int MessageLength = 8 * 1024;
    private const int ErrorLength = 32 * 1024;
    private const int FieldLength = 1024;

    private const string Template = "{OriginalFormat}";

    public static LogLine Of<TState>(DateTimeOffset at, LogLevel level, string source, TState state, Exception? exception, Func<TState, Exception?, string> format) => new(
        at, level, source, OneLine(format(state, exception), MessageLength),
        state is IReadOnlyList<KeyValuePair<string, object?>> values
            ? [.. values.Where(value => value.Key != Template).Select(value => KeyValuePair.Create(value.Key, OneLine(Convert.ToString(value.Value, CultureInfo.InvariantCulture), FieldLength)))]
            : [],
        exception is null ? null : string.Join('\n', exception.ToString().Split('\n').Select(line => OneLine(line.TrimEnd('\r'), ErrorLength))));

    // Whoever reads a log must be able to believe where a line begins.
    private static string OneLine(string? text, int length) => DisplayText.Clean(text, length).ReplaceLineEndings(" ");
}
