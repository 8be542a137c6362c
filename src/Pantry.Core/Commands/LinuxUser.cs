using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Pantry.Commands;

/// <summary>A user of this machine, wherever the system knows it from: a file, a directory service.</summary>
/// <param name="Name">The user's name.</param>
/// <param name="Id">The user's number.</param>
/// <param name="Home">The user's home directory, which need not exist.</param>
/// <param name="Shell">The user's shell.</param>
internal sealed partial record LinuxUser(string Name, uint Id, string Home, string Shell)
{
    private const int BufferTooSmall = 34;
    private const int LargestBuffer = 1024 * 1024;

    /// <summary>Number of the user that this process acts for.</summary>
    [SupportedOSPlatform("linux")]
    public static uint Own => EffectiveUser();

    /// <summary>The user of a name; null where there is none.</summary>
    [SupportedOSPlatform("linux")]
    public static LinuxUser? Find(string name)
    {
        for (int size = 4096; size <= LargestBuffer; size *= 4)
        {
            nint buffer = Marshal.AllocHGlobal(size);
            try
            {
                int error = FindByName(name, out Entry entry, buffer, (nuint)size, out nint found);
                if (error == BufferTooSmall)
                    continue;
                return error != 0 || found == 0 ? null : new LinuxUser(name, entry.Id, Text(entry.Home), Text(entry.Shell));
            }
            finally
            {
                Marshal.FreeHGlobal(buffer);
            }
        }

        return null;
    }

    private static string Text(nint pointer) => Marshal.PtrToStringUTF8(pointer) ?? "";

    [LibraryImport("libc", EntryPoint = "getpwnam_r", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int FindByName(string name, out Entry entry, nint buffer, nuint length, out nint found);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    /// <summary>The C library's struct passwd, as glibc and musl have it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Entry
    {
        public readonly nint Name;
        public readonly nint Password;
        public readonly uint Id;
        public readonly uint Group;
        public readonly nint Gecos;
        public readonly nint Home;
        public readonly nint Shell;
    }
}
