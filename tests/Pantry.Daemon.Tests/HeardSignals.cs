using System.Diagnostics;
using System.Globalization;

namespace Pantry.Daemon.Tests;

/// <summary>
/// Programs that hear signals, also where whoever started the tests has had these ignored, as nohup does and a shell for what it runs in the background.
/// </summary>
internal static class HeardSignals
{
    private const string Status = "/proc/self/status", Mask = "SigIgn:";
    private const ulong HangUpInterruptQuit = 0b111;

    public static ProcessStartInfo Start(string program, params IEnumerable<string> arguments) => AreIgnored()
        ? new ProcessStartInfo("env", ["--default-signal=HUP,INT,QUIT", program, .. arguments])
        : new ProcessStartInfo(program, arguments);

    private static bool AreIgnored() => File.Exists(Status)
        && (ulong.Parse(File.ReadLines(Status).First(line => line.StartsWith(Mask, StringComparison.Ordinal)).AsSpan(Mask.Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & HangUpInterruptQuit) != 0;
}
