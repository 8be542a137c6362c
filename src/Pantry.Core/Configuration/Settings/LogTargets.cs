namespace Pantry.Configuration.Settings;

/// <summary>The words of <c>log_to</c>.</summary>
internal static class LogTargets
{
    public static IEnumerable<string> Words => Enum.GetValues<LogOutput>().Where(output => output != LogOutput.File).Select(output => output.ToString().ToLowerInvariant());

    /// <summary>One of the words, in any case; what has a separator of directories is a path. Null where it is neither.</summary>
    public static LogTarget? Read(string text) => text.AsSpan().IndexOfAny('/', '\\') >= 0 ? new LogTarget(LogOutput.File, text)
        : Words.Contains(text, StringComparer.OrdinalIgnoreCase) ? new LogTarget(Enum.Parse<LogOutput>(text, ignoreCase: true))
        : null;
}
