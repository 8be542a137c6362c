using System.Text;

namespace Pantry;

/// <summary>Makes text from elsewhere safe to show on a console.</summary>
public static class DisplayText
{
    /// <summary>
    /// Replaces control characters by their Unicode pictures, so that a client's output cannot drive the
    /// operator's terminal; line breaks and tabs stay.
    /// </summary>
    /// <param name="text">Text to show; null gives the empty string.</param>
    /// <param name="maxLength">Characters to keep; longer text ends in an ellipsis.</param>
    public static string Clean(string? text, int maxLength = int.MaxValue)
    {
        if (string.IsNullOrEmpty(text))
            return "";

        var cleaned = new StringBuilder(Math.Min(text.Length, maxLength));
        foreach (char character in text)
        {
            if (cleaned.Length >= maxLength - 1 && text.Length > maxLength)
            {
                cleaned.Append('…');
                break;
            }

            cleaned.Append(character switch
            {
                '\n' or '\t' => character,
                '\r' => '\u240d',
                < ' ' => (char)(0x2400 + character),
                '\u007f' => '\u2421',
                >= '\u0080' and < '\u00a0' => '\ufffd',
                // Bidirectional overrides reorder what is read.
                '\u202a' or '\u202b' or '\u202c' or '\u202d' or '\u202e' or '\u2066' or '\u2067' or '\u2068' or '\u2069' => '\ufffd',
                _ => character,
            });
        }

        return cleaned.Replace("\u240d\n", "\n").ToString();
    }

    /// <summary>The first line of <see cref="Clean"/>, for a table's cell.</summary>
    /// <param name="text">Text to show; null gives the empty string.</param>
    /// <param name="maxLength">Characters to keep.</param>
    public static string FirstLine(string? text, int maxLength = 200)
    {
        string trimmed = (text ?? "").TrimStart('\r', '\n').TrimEnd();
        int end = trimmed.IndexOf('\n', StringComparison.Ordinal);
        return end < 0 ? Clean(trimmed, maxLength) : Clean(trimmed[..end].TrimEnd('\r'), maxLength - 2) + " …";
    }
}
