using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Pantry.Commands;

/// <summary>What a process has written into a pipe and nobody has read yet.</summary>
internal static partial class PipeBytes
{
    // FIONREAD, as Linux has it on the usual processors.
    private const nuint BytesToRead = 0x541B;

    /// <summary>Whether there is something; false where the system does not say so.</summary>
    public static bool AreWaiting(Stream stream)
    {
        if (stream is not System.IO.Pipes.PipeStream pipe)
            return false;
        try
        {
            SafePipeHandle handle = pipe.SafePipeHandle;
            return OperatingSystem.IsLinux() ? Ioctl(handle, BytesToRead, out int count) == 0 && count > 0
                : OperatingSystem.IsWindows() && PeekNamedPipe(handle, 0, 0, 0, out int waiting, 0) != 0 && waiting > 0;
        }
        catch (Exception exception) when (exception is InvalidOperationException or ObjectDisposedException)
        {
            return false; // Its end was read.
        }
    }

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int Ioctl(SafePipeHandle pipe, nuint request, out int count);

    [LibraryImport("kernel32", EntryPoint = "PeekNamedPipe", SetLastError = true)]
    private static partial int PeekNamedPipe(SafePipeHandle pipe, nint buffer, int size, nint read, out int waiting, nint left);
}
