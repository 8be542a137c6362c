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

    /// <summary>Ends the name of a secret that is the name of a credential's user: sealed beside its password, and nothing to be hidden.</summary>
    public const string UserNameSuffix = "_USERNAME";

    /// <summary>Ends the name of the password beside it, where that has an ending of its own.</summary>
    public const string PasswordSuffix = "_PASSWORD";

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
                .Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes).OrderByDescending(form => form.Length),
        ];
    }

    /// <summary>
    /// For an order's secrets: all of them, but for the user's name of a credential. That is one whose name ends with <see cref="UserNameSuffix"/> and whose password is there too;
    /// a console seals two secrets under such names for a credential and for nothing else.
    /// </summary>
    /// <param name="secrets">Values by name.</param>
    /// <param name="passwordSuffix">What the password's name has where the user's has its suffix.</param>
    public static SecretRedactor For(IReadOnlyDictionary<string, byte[]> secrets, string passwordSuffix) => new(secrets
        .Where(secret => !(secret.Key.EndsWith(UserNameSuffix, StringComparison.Ordinal) && secrets.ContainsKey(secret.Key[..^UserNameSuffix.Length] + passwordSuffix)))
        .Select(secret => secret.Value));

    public bool IsEmpty => _values.Length == 0;

    /// <summary>Bytes of the longest value, in any of its forms.</summary>
    public int LongestValue => _bytes.Length == 0 ? 0 : _bytes[0].Length;

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
        if (IsEmpty)
            return output;
        bool inside = false;
        return Redact(output, 0, output.Length, ref inside);
    }

    /// <summary>
    /// How many of the bytes are decided, for output that still goes on: behind them a value may have begun. What comes later
    /// changes nothing before this place.
    /// </summary>
    public int Decided(ReadOnlySpan<byte> output)
    {
        int open = 0;
        foreach (byte[] value in _bytes)
        {
            // Each to its own length: a long value of many lines has many short ones.
            for (int length = Math.Min(value.Length - 1, output.Length); length > open; length--)
            {
                if (value.AsSpan().StartsWith(output[^length..]))
                    open = length;
            }
        }

        return output.Length - open;
    }

    /// <summary>
    /// A part of output without the values: the parts of an output, each redacted by itself, are the same bytes as all of it.
    /// </summary>
    /// <param name="output">The part with what is before and after it: <see cref="LongestValue"/> bytes, or as many as there are.</param>
    /// <param name="from">Where the part begins.</param>
    /// <param name="to">Where it ends; no further than is decided.</param>
    /// <param name="inside">Whether the part before ended inside a value, and then whether this one does. False for the first.</param>
    public byte[] Redact(ReadOnlySpan<byte> output, int from, int to, ref bool inside)
    {
        List<(int From, int To)> covered = Covered(output);
        var redacted = new List<byte>(to - from);
        int at = from;
        foreach ((int begin, int end) in covered)
        {
            if (end <= from || begin >= to)
                continue;
            redacted.AddRange(output[at..Math.Max(at, begin)]);
            // One that began in the part before has its mask there.
            if (begin >= from || !inside)
                redacted.AddRange(MaskBytes);
            at = Math.Min(end, to);
        }

        redacted.AddRange(output[at..to]);
        inside = covered.Exists(span => span.From < to && span.To > to);
        return [.. redacted];
    }

    // What any value covers, each stretch once: of two values that overlap nothing is left.
    private List<(int From, int To)> Covered(ReadOnlySpan<byte> output)
    {
        var spans = new List<(int From, int To)>();
        foreach (byte[] value in _bytes)
        {
            int last = -1;
            for (int at = output.IndexOf(value); at >= 0;)
            {
                if (last >= 0 && spans[last].To > at)
                    spans[last] = (spans[last].From, at + value.Length);
                else
                    spans.Add((at, at + value.Length));
                last = spans.Count - 1;
                int next = output[(at + 1)..].IndexOf(value);
                at = next < 0 ? -1 : at + 1 + next;
            }
        }

        spans.Sort();
        var covered = new List<(int From, int To)>(spans.Count);
        foreach ((int begin, int end) in spans)
        {
            if (covered.Count > 0 && covered[^1].To > begin)
                covered[^1] = (covered[^1].From, Math.Max(covered[^1].To, end));
            else
                covered.Add((begin, end));
        }

        return covered;
    }

    // Texts show a value of many lines line by line, and may have had its control characters replaced.
    private static IEnumerable<string> Forms(string value) => value.Split('\n', StringSplitOptions.TrimEntries).Prepend(value.Trim()).Prepend(value).SelectMany(
        form => (IEnumerable<string>)[form, DisplayText.Clean(form)]);
}
