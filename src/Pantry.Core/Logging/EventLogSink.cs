using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Extensions.Logging;

namespace Pantry.Logging;

/// <summary>The event log of Windows, by the system's own functions: its library of .NET would be one more to ship.</summary>
[SupportedOSPlatform("windows")]
internal sealed partial class EventLogSink : ILogSink
{
    private const ushort ErrorType = 1;
    private const ushort WarningType = 2;
    private const ushort InformationType = 4;

    // A string of an event may have so many characters.
    private const int MaxLength = 31_000;

    private readonly IntPtr _source;

    private EventLogSink(IntPtr source) => _source = source;

    /// <exception cref="PantryException">The event log takes nothing from us.</exception>
    public static EventLogSink Open(string program)
    {
        IntPtr source = RegisterEventSource(null, program);
        return source != IntPtr.Zero ? new EventLogSink(source)
            : throw new PantryException(PantryErrorCode.InvalidConfiguration,
                $"The event log cannot be opened for the source '{program}': {new Win32Exception(Marshal.GetLastPInvokeError()).Message} Correct syslog_program_name, or log to a file.")
            { Target = program };
    }

    public void Write(IReadOnlyList<LogLine> lines)
    {
        foreach (LogLine line in lines)
        {
            string text = $"{line.Source}: {line.Message}{(line.Error is null ? "" : "\n" + line.Error)}";
            ushort type = line.Level switch { >= LogLevel.Error => ErrorType, LogLevel.Warning => WarningType, _ => InformationType };
            if (!ReportEvent(_source, type, 0, 0, IntPtr.Zero, 1, 0, [text[..Math.Min(text.Length, MaxLength)]], IntPtr.Zero))
                throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
        }
    }

    public void Dispose() => DeregisterEventSource(_source);

    [LibraryImport("advapi32", EntryPoint = "RegisterEventSourceW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial IntPtr RegisterEventSource(string? server, string source);

    [LibraryImport("advapi32", EntryPoint = "ReportEventW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool ReportEvent(
        IntPtr source, ushort type, ushort category, uint id, IntPtr user, ushort count, uint dataSize, string[] strings, IntPtr data);

    [LibraryImport("advapi32", EntryPoint = "DeregisterEventSource", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool DeregisterEventSource(IntPtr source);
}
