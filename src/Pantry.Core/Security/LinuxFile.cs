using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace Pantry.Security;

/// <summary>What Linux offers beyond .NET's files: to open without following links or waiting, and to ask the opened file whose it is.</summary>
internal static partial class LinuxFile
{
    private const int NotThere = 2;
    private const int NoSuchDevice = 6;
    private const int NoAccess = 13;
    private const int Exists = 17;
    private const int NotADirectory = 20;
    private const int TooManyLinks = 40;

    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;

    private const int EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;
    private const int TypeMask = 0xf000;
    private const int RegularFile = 0x8000;
    private const int PermissionMask = 0xfff;

    // Linux gave these their own values on each family of processors.
    private static int NoFollow => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm or Architecture.Ppc64le ? 0x8000 : 0x20000;

    /// <summary>Whether Pantry runs as root.</summary>
    [SupportedOSPlatform("linux")]
    public static bool IsRoot => EffectiveUser() == 0;

    /// <param name="path">The file.</param>
    /// <param name="anyOwner">Whether it may be another user's: for root, who looks at what a service keeps for itself.</param>
    [SupportedOSPlatform("linux")]
    public static SafeFileHandle OpenOwnersAlone(string path, bool anyOwner = false)
    {
        // Not blocking: a pipe would wait for its other end.
        SafeFileHandle handle = Open(path, NoFollow | NonBlocking | CloseOnExec);
        try
        {
            FileStatus status = RequirePlain(handle, path);
            uint self = EffectiveUser();
            if (status.Owner != self && status.Owner != 0 && !(anyOwner && self == 0))
            {
                throw PrivateFile.Insecure(path,
                    $"'{path}' belongs to the user with the id {status.Owner}, who can read and change it; Pantry runs as {self}. Give it to that user: chown {self} '{path}'.");
            }

            CheckMode(path, (UnixFileMode)(status.Mode & PermissionMask));
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Opens a file, whoever may read it and however many links lead there.</summary>
    [SupportedOSPlatform("linux")]
    public static SafeFileHandle OpenPlain(string path)
    {
        SafeFileHandle handle = Open(path, NonBlocking | CloseOnExec);
        try
        {
            RequirePlain(handle, path);
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Whose an opened file is.</summary>
    [SupportedOSPlatform("linux")]
    public static FileRights RightsOf(SafeFileHandle handle, string path)
    {
        FileStatus status = RequirePlain(handle, path);
        return new FileRights(true, status.Owner == 0 || status.Owner == EffectiveUser(), (UnixFileMode)(status.Mode & PermissionMask));
    }

    public static void CheckMode(string path, UnixFileMode mode)
    {
        const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        if ((mode & Others) != 0)
            throw PrivateFile.Insecure(path, $"'{path}' can be read or written by others. Make it its owner's alone: chmod 600 '{path}'.");
    }

    /// <summary>Gives a file its name unless the name is taken; nobody can come in between.</summary>
    [SupportedOSPlatform("linux")]
    public static void MoveToNew(string from, string to)
    {
        if (Link(from, to) == 0)
            File.Delete(from);
        else if (Marshal.GetLastPInvokeError() == Exists)
            throw new IOException($"'{to}' is there already.");
        else
            File.Move(from, to, overwrite: false); // A file system without hard links.
    }

    /// <summary>Makes a new name in the directory last, where the file system can.</summary>
    [SupportedOSPlatform("linux")]
    public static void FlushDirectory(string path)
    {
        using SafeFileHandle handle = Open(path, CloseOnExec);
        RandomAccess.FlushToDisk(handle);
    }

    /// <summary>Puts on the disk whatever was written to the file system that the directory is on.</summary>
    [SupportedOSPlatform("linux")]
    public static void FlushFileSystem(string directory)
    {
        using SafeFileHandle handle = Open(directory, CloseOnExec);
        if (SyncFileSystem(handle) != 0)
            throw new IOException($"'{directory}': {Marshal.GetLastPInvokeErrorMessage()}", Marshal.GetLastPInvokeError());
    }

    private static FileStatus RequirePlain(SafeFileHandle handle, string path)
    {
        if (Status(handle, "", EmptyPath, BasicStats, out FileStatus status) != 0)
            throw new IOException($"'{path}': {Marshal.GetLastPInvokeErrorMessage()}");
        return (status.Mode & TypeMask) == RegularFile ? status
            : throw PrivateFile.Insecure(path, $"'{path}' is a directory, pipe or device; give a plain file.");
    }

    private static SafeFileHandle Open(string path, int flags)
    {
        int descriptor = OpenFile(path, flags);
        if (descriptor >= 0)
            return new SafeFileHandle(descriptor, ownsHandle: true);
        int error = Marshal.GetLastPInvokeError();
        throw error switch
        {
            TooManyLinks => PrivateFile.Insecure(path, $"'{path}' is a link; give the file itself."),
            NoSuchDevice => PrivateFile.Insecure(path, $"'{path}' is a socket, pipe or device; give a plain file."),
            NotThere or NotADirectory => new FileNotFoundException($"There is no file '{path}'.", path),
            NoAccess => new UnauthorizedAccessException($"Access to '{path}' is denied."),
            _ => new IOException($"'{path}': {Marshal.GetPInvokeErrorMessage(error)}"),
        };
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(SafeFileHandle file, string path, int flags, uint mask, out FileStatus status);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string from, string to);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static partial int SyncFileSystem(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    /// <summary>The kernel's struct statx, which is the same on every processor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private readonly struct FileStatus
    {
        [FieldOffset(20)]
        public readonly uint Owner;

        [FieldOffset(28)]
        public readonly ushort Mode;
    }
}
