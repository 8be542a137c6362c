using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Pantry.Logging;

/// <summary>A line in the native protocol of systemd's journal: fields that can be searched for, such as PANTRY_JOB.</summary>
internal static class JournalLine
{
    public const string Path = "/run/systemd/journal/socket";

    // More would have to go by a file descriptor.
    private const int ErrorLength = 24 * 1024;

    public static byte[] Of(LogLine line, string program)
    {
        var bytes = new MemoryStream();
        Add(bytes, "MESSAGE", line.Error is null ? line.Message : $"{line.Message}\n{line.Error[..Math.Min(line.Error.Length, ErrorLength)]}");
        Add(bytes, "PRIORITY", SyslogLine.Priority(line.Level).ToString(CultureInfo.InvariantCulture));
        Add(bytes, "SYSLOG_IDENTIFIER", program);
        Add(bytes, "PANTRY_SOURCE", line.Source);
        foreach ((string name, string value) in line.Fields)
            Add(bytes, $"PANTRY_{FieldName(name)}", value);
        return bytes.ToArray();
    }

    private static string FieldName(string name) =>
        new([.. name.Select(character => char.IsAsciiLetterOrDigit(character) ? char.ToUpperInvariant(character) : '_')]);

    // A value with a line break goes with its length in front.
    private static void Add(MemoryStream bytes, string name, string value)
    {
        byte[] text = Encoding.UTF8.GetBytes(value);
        bytes.Write(Encoding.ASCII.GetBytes(name));
        if (text.Contains((byte)'\n'))
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)text.Length);
            bytes.WriteByte((byte)'\n');
            bytes.Write(length);
        }
        else
        {
            bytes.WriteByte((byte)'=');
        }

        bytes.Write(text);
        bytes.WriteByte((byte)'\n');
    }
}
