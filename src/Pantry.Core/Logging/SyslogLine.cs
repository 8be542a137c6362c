using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Pantry.Logging;

/// <summary>A line as the C library's syslog writes it to /dev/log.</summary>
internal static class SyslogLine
{
    public const string Path = "/dev/log";

    private const int DaemonFacility = 3;
    private const int MaxBytes = 8 * 1024;

    public static byte[] Of(LogLine line, string program)
    {
        string error = line.Error is null ? "" : $" | {line.Error.Replace("\n", " | ", StringComparison.Ordinal)}";
        string time = line.At.ToLocalTime().ToString("MMM", CultureInfo.InvariantCulture) + line.At.ToLocalTime().ToString(" HH:mm:ss", CultureInfo.InvariantCulture)
            .Insert(0, line.At.ToLocalTime().Day.ToString(CultureInfo.InvariantCulture).PadLeft(3));
        byte[] bytes = Encoding.UTF8.GetBytes($"<{(DaemonFacility * 8) + Priority(line.Level)}>{time} {program}[{Environment.ProcessId}]: {line.Message}{error}");
        return bytes.Length <= MaxBytes ? bytes : bytes[..MaxBytes];
    }

    /// <summary>Syslog's number for how severe it is.</summary>
    public static int Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => 2,
        LogLevel.Error => 3,
        LogLevel.Warning => 4,
        LogLevel.Information => 6,
        _ => 7,
    };
}
