using System.Text;

namespace Pantry.Commands;

/// <summary>
/// Takes the values of an order's secrets out of Pantry's own texts about it: errors and log lines, which may quote what a
/// program or the system said. What a command itself prints is its output, and is left alone.
/// </summary>
internal sealed class SecretRedactor
{
    public const string Mask = "********";

    // Anything shorter is found in ordinary words, and would be told by what is missing from them.
    private const int ShortestValue = 4;

    private readonly string[] _values;

    public SecretRedactor(IEnumerable<byte[]> secrets) => _values =
    [
        .. secrets.Select(Encoding.UTF8.GetString).SelectMany(Forms)
            .Where(form => form.Length >= ShortestValue)
            .Distinct(StringComparer.Ordinal)
            // A value may hold another one.
            .OrderByDescending(form => form.Length),
    ];

    public bool IsEmpty => _values.Length == 0;

    /// <summary>The text without the values; to be called before it is shortened, which could cut one in two.</summary>
    public string Redact(string text)
    {
        foreach (string value in _values)
            text = text.Replace(value, Mask, StringComparison.Ordinal);
        return text;
    }

    public CommandError? Redact(CommandError? error) => error is null || IsEmpty ? error : error with { Message = Redact(error.Message) };

    // Texts show a value of many lines line by line, and may have had its control characters replaced.
    private static IEnumerable<string> Forms(string value) => value.Split('\n', StringSplitOptions.TrimEntries).Prepend(value.Trim()).Prepend(value).SelectMany(
        form => (IEnumerable<string>)[form, DisplayText.Clean(form)]);
}
