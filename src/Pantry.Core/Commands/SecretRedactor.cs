using System.Security;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Pantry.Commands;

/// <summary>
/// Takes the values of an order's secrets out of what is said of it: errors and log lines, which may quote what a program or
/// the system said, and what the command itself prints, which is kept by the server and shown on consoles.
/// </summary>
internal sealed class SecretRedactor
{
    public const string Mask = "********";

    /// <summary>Ends the name of a secret that is the name of a user: sealed beside its password, and nothing to be hidden.</summary>
    public const string UserNameSuffix = "_USERNAME";

    // Anything shorter is found in ordinary words, and would be told by what is missing from them.
    private const int ShortestValue = 4;

    private static readonly byte[] MaskBytes = Encoding.UTF8.GetBytes(Mask);

    private readonly string[] _values;
    private readonly byte[][] _bytes;

    public SecretRedactor(IEnumerable<byte[]> secrets)
    {
        _values =
        [
            .. secrets.Select(Encoding.UTF8.GetString).SelectMany(Forms)
                .Where(form => form.Length >= ShortestValue)
                .Distinct(StringComparer.Ordinal)
                // A value may hold another one.
                .OrderByDescending(form => form.Length),
        ];
        // Output may be XML or JSON, where some characters are written in another way.
        _bytes =
        [
            .. _values.SelectMany(value => (string[])[value, SecurityElement.Escape(value), JsonEncodedText.Encode(value).Value, JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping).Value])
                .Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length).Select(Encoding.UTF8.GetBytes),
        ];
    }

    public bool IsEmpty => _values.Length == 0;

    /// <summary>Bytes of the longest form of a value; what is redacted piece by piece keeps so much of a piece's end back.</summary>
    public int LongestForm => _bytes.Length == 0 ? 0 : _bytes.Max(form => form.Length);

    /// <summary>The text without the values; to be called before it is shortened, which could cut one in two.</summary>
    public string Redact(string text)
    {
        foreach (string value in _values)
            text = text.Replace(value, Mask, StringComparison.Ordinal);
        return text;
    }

    public CommandError? Redact(CommandError? error) => error is null || IsEmpty ? error : error with { Message = Redact(error.Message) };

    /// <summary>Output without the values.</summary>
    public byte[] Redact(byte[] output)
    {
        foreach (byte[] value in _bytes)
            output = Replace(output, value);
        return output;
    }

    private static byte[] Replace(byte[] output, byte[] value)
    {
        int found = output.AsSpan().IndexOf(value);
        if (found < 0)
            return output;
        var redacted = new List<byte>(output.Length);
        ReadOnlySpan<byte> rest = output;
        for (; found >= 0; found = rest.IndexOf(value))
        {
            redacted.AddRange(rest[..found]);
            redacted.AddRange(MaskBytes);
            rest = rest[(found + value.Length)..];
        }

        redacted.AddRange(rest);
        return [.. redacted];
    }

    // Texts show a value of many lines line by line, and may have had its control characters replaced.
    private static IEnumerable<string> Forms(string value) => value.Split('\n', StringSplitOptions.TrimEntries).Prepend(value.Trim()).Prepend(value).SelectMany(
        form => (IEnumerable<string>)[form, DisplayText.Clean(form)]);
}
