using System.Text;

namespace Pantry.Transport.Gates;

/// <summary>Foreign bytes in a form that is safe to show: printable ASCII as it is, the rest as \xNN.</summary>
internal static class PrintableBytes
{
    private const int Most = 48;

    public static string Show(ReadOnlySpan<byte> bytes)
    {
        int lineEnd = bytes.IndexOfAny((byte)'\r', (byte)'\n');
        // The first line of a text protocol says what it is; the rest only makes the message long.
        ReadOnlySpan<byte> shown = lineEnd > 0 ? bytes[..lineEnd] : bytes;
        bool more = shown.Length > Most;
        var text = new StringBuilder();
        foreach (byte value in more ? shown[..Most] : shown)
        {
            if (value is >= 0x20 and < 0x7f)
                text.Append((char)value);
            else
                text.Append("\\x").Append(value.ToString("x2", System.Globalization.CultureInfo.InvariantCulture));
        }

        return more ? text.Append("...").ToString() : text.ToString();
    }
}
