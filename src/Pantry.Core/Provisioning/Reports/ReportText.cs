using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Pantry.Provisioning.Reports;

/// <summary>
/// JSON from a tool, of which every text can be read: the parser takes bytes that are no UTF-8, and halves of surrogate pairs, and fails when a
/// name or value is asked for.
/// </summary>
internal static class ReportText
{
    private const int EscapeLength = 6;

    /// <summary>The same bytes, or a copy with replacement characters.</summary>
    public static ReadOnlyMemory<byte> Readable(ReadOnlyMemory<byte> bytes)
    {
        if (!Utf8.IsValid(bytes.Span))
            bytes = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bytes.Span));
        return HasSurrogate(bytes.Span) ? WithoutHalves(bytes.ToArray()) : bytes;
    }

    private static bool HasSurrogate(ReadOnlySpan<byte> bytes) => bytes.IndexOf("\\ud"u8) >= 0 || bytes.IndexOf("\\uD"u8) >= 0;

    private static byte[] WithoutHalves(byte[] bytes)
    {
        for (int i = 0; i < bytes.Length - 1; i++)
        {
            if (bytes[i] != '\\')
                continue;
            char unit = Unit(bytes, i);
            if (char.IsHighSurrogate(unit) && char.IsLowSurrogate(Unit(bytes, i + EscapeLength)))
            {
                i += (2 * EscapeLength) - 1;
                continue;
            }

            if (char.IsSurrogate(unit))
                "fffd"u8.CopyTo(bytes.AsSpan(i + 2));
            i++; // What is escaped is no beginning of an escape.
        }

        return bytes;
    }

    // The character that is written as \uXXXX there; zero where none is.
    private static char Unit(byte[] bytes, int at) =>
        at + EscapeLength <= bytes.Length && bytes[at] == '\\' && bytes[at + 1] == 'u'
        && ushort.TryParse(bytes.AsSpan(at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort unit)
            ? (char)unit
            : '\0';
}
