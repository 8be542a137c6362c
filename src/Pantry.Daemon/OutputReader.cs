using System.Runtime.InteropServices;

namespace Pantry.Daemon;

/// <summary>
/// Whoever reads standard output, where that is a pipe. .NET leaves a write that nobody reads unsaid, and what is followed may write nothing for long; so
/// the system is asked to tell when the reader goes.
/// </summary>
internal static partial class OutputReader
{
    private const int StandardOutput = 1;
    private const short Error = 0x8;
    private const short HangUp = 0x10;
    private const int Interrupted = 4;

    /// <summary>Says when it has gone. On Windows there is no such question: a write fails.</summary>
    public static void Watch(TaskCompletionSource gone)
    {
        if (OperatingSystem.IsWindows())
            return;
        new Thread(() =>
        {
            if (WaitUntilGone())
                gone.TrySetResult();
        })
        { IsBackground = true, Name = "Pantry output reader" }.Start();
    }

    /// <summary>Whether it has gone; what is written now reaches nobody.</summary>
    public static bool HasGone()
    {
        var output = new PollEntry { Descriptor = StandardOutput };
        return !OperatingSystem.IsWindows() && Poll(ref output, 1, 0) > 0 && (output.Happened & (Error | HangUp)) != 0;
    }

    // A file has no reader that could go, and neither has what was closed from the start.
    private static bool WaitUntilGone()
    {
        var output = new PollEntry { Descriptor = StandardOutput };
        while (Poll(ref output, 1, Timeout.Infinite) < 0)
        {
            if (Marshal.GetLastPInvokeError() != Interrupted)
                return false;
        }

        return (output.Happened & (Error | HangUp)) != 0;
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollEntry entries, nuint count, int timeout);

    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Wanted;
        public short Happened;
    }
}
