using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pantry.Commands;

/// <summary>What a process has written into a pipe and nobody has read yet.</summary>
internal static partial class PipeBytes
{
    private const short HasBytes = 1, HasNoWriter = 16;

    /// <summary>
    /// Whether there is something to be read, or nobody is left who could write: then what is being read is all there is, and
    /// its end comes. False where the system does not say so.
    /// </summary>
    public static bool AreDueFrom(Stream stream)
    {
        if (stream is not System.IO.Pipes.PipeStream pipe)
            return false;
        try
        {
            SafePipeHandle handle = pipe.SafePipeHandle;
            return OperatingSystem.IsWindows()
                ? PeekNamedPipe(handle, 0, 0, 0, out int waiting, 0) == 0 || waiting > 0
                : IsReady(handle);
        }
        catch (Exception exception) when (exception is InvalidOperationException or ObjectDisposedException)
        {
            return false; // Its end was read.
        }
    }

    private static bool IsReady(SafePipeHandle pipe)
    {
        bool held = false;
        try
        {
            pipe.DangerousAddRef(ref held);
            var look = new PollDescriptor { Descriptor = (int)pipe.DangerousGetHandle(), Events = HasBytes };
            return Poll(ref look, 1, 0) > 0 && (look.Returned & (HasBytes | HasNoWriter)) != 0;
        }
        finally
        {
            if (held)
                pipe.DangerousRelease();
        }
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(ref PollDescriptor descriptors, nuint count, int timeout);

    [LibraryImport("kernel32", EntryPoint = "PeekNamedPipe", SetLastError = true)]
    private static partial int PeekNamedPipe(SafePipeHandle pipe, nint buffer, int size, nint read, out int waiting, nint left);

    private struct PollDescriptor
    {
        public int Descriptor;
        public short Events;
        public short Returned;
    }
}
