using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Pantry.Daemon.CommandLine;

/// <summary>Times on a command line: seconds, or a number with s, m, h or d.</summary>
internal static class DurationText
{
    private static readonly TimeSpan Longest = TimeSpan.FromDays(3650);

    public static Option<TimeSpan> Option(string name, string description) => new(name)
    {
        Description = $"{description} Seconds, or a number with s, m, h or d.",
        HelpName = "time",
        CustomParser = result => Parse(result, name),
    };

    /// <summary>The time; null where the text is none.</summary>
    public static TimeSpan? TryParse(string text)
    {
        double unit = text.Length == 0 ? 0 : text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3600, 'd' => 86400, >= '0' and <= '9' => 1, _ => 0 };
        return double.TryParse(text.AsSpan().TrimEnd("smhd"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number)
            && number > 0 && unit > 0 && number * unit <= Longest.TotalSeconds
            ? TimeSpan.FromSeconds(number * unit)
            : null;
    }

    private static TimeSpan Parse(ArgumentResult result, string name)
    {
        string text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (TryParse(text) is { } time)
            return time;
        result.AddError($"{name} is '{DisplayText.Clean(text, 40)}'; it must be a time above 0, such as 90, 90s, 5m, 2h or 7d.");
        return default;
    }
}
