using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using Pantry.Security;

namespace Pantry.Files;

/// <summary>On Linux: paths are walked from an open directory to the next, so that nobody can put a link in between after the look.</summary>
[SupportedOSPlatform("linux")]
internal sealed partial class LinuxFolder : RootFolder
{
    private const int NotThere = 2, NoDevice = 6, WouldBlock = 11, NoAccess = 13, Exists = 17, NotADirectory = 20, IsADirectory = 21, TooManyLinks = 40;

    private const int ReadWrite = 0x2, Create = 0x40, NonBlocking = 0x800, CloseOnExec = 0x80000, PathOnly = 0x200000;
    private const int NoFollowLast = 0x100, RemoveDirectory = 0x200, EmptyPath = 0x1000;
    private const uint BasicStats = 0x7ff;
    private const int TypeMask = 0xf000, RegularFile = 0x8000, DirectoryFile = 0x4000, LinkFile = 0xa000;
    private const int Exclusive = 2, AtOnce = 4;
    private const int OwnerOnly = 0x180, OwnerDirectory = 0x1c0;

    private readonly SafeFileHandle _root;

    private LinuxFolder(string path, SafeFileHandle root)
    {
        Path = path;
        _root = root;
    }

    public override string Path { get; }

    // Linux gave these their own values on each family of processors.
    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm or Architecture.Ppc64le;

    private static int NoFollow => IsArm ? 0x8000 : 0x20000;

    private static int Directory => IsArm ? 0x4000 : 0x10000;

    public static new LinuxFolder Open(string path)
    {
        string full = System.IO.Path.GetFullPath(path);
        int descriptor = OpenAt(CurrentDirectory, full, Directory | CloseOnExec, 0);
        return descriptor >= 0 ? new LinuxFolder(full, new SafeFileHandle(descriptor, ownsHandle: true)) : throw Failure(full, "", Marshal.GetLastPInvokeError());
    }

    public override FileFacts? Look(string path)
    {
        try
        {
            using Place place = PlaceOf(path);
            if (Status(place.Parent, place.Name, NoFollowLast | EmptyPath, BasicStats, out FileStatus status) == 0)
                return ToFacts(status);
            int error = Marshal.GetLastPInvokeError();
            return error == NotThere ? null : throw Failure(Path, path, error);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public override IReadOnlyList<string> List(string path)
    {
        using SafeFileHandle folder = OpenIn(path, Directory | CloseOnExec);
        // By the open directory, whatever its name leads to by now.
        string[] names = [.. System.IO.Directory.EnumerateFileSystemEntries($"/proc/self/fd/{folder.DangerousGetHandle()}").Select(name => System.IO.Path.GetFileName(name))];
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    public override SafeFileHandle OpenToRead(string path)
    {
        // Not blocking: a pipe would wait for its other end.
        SafeFileHandle file = OpenIn(path, NonBlocking | CloseOnExec);
        return RequirePlain(file, path);
    }

    public override SafeFileHandle OpenToWrite(string path) => RequirePlain(OpenIn(path, ReadWrite | Create | NonBlocking | CloseOnExec, OwnerOnly), path);

    public override SafeFileHandle OpenAlone(string path)
    {
        SafeFileHandle file = OpenToWrite(path);
        if (LockFile(file, Exclusive | AtOnce) == 0)
            return file;
        int error = Marshal.GetLastPInvokeError();
        file.Dispose();
        throw error == WouldBlock ? new IOException($"Another transfer writes under '{Path}' at this moment. Wait for it to end.", error) : Failure(Path, path, error);
    }

    public override void MakeDirectory(string path)
    {
        using Place place = PlaceOf(path);
        if (MakeDirectoryAt(place.Parent, place.Name, OwnerDirectory) == 0)
            return;
        int error = Marshal.GetLastPInvokeError();
        if (error != Exists)
            throw Failure(Path, path, error);
        if (Look(path) is not { Kind: FileKind.Directory })
            throw NotFollowed(Path, path);
    }

    public override void Rename(string from, string to)
    {
        using Place source = PlaceOf(from), target = PlaceOf(to);
        if (RenameAt(source.Parent, source.Name, target.Parent, target.Name) != 0)
            throw Failure(Path, to, Marshal.GetLastPInvokeError());
    }

    public override void DeleteFile(string path) => Unlink(path, 0);

    public override void DeleteDirectory(string path) => Unlink(path, RemoveDirectory);

    public override void SetMode(string path, int mode)
    {
        using SafeFileHandle file = OpenIn(path, NonBlocking | CloseOnExec);
        File.SetUnixFileMode(file, (UnixFileMode)mode);
    }

    public override void Flush() => LinuxFile.FlushFileSystem(Path);

    public override void Dispose() => _root.Dispose();

    private const int CurrentDirectory = -100;

    private void Unlink(string path, int flags)
    {
        using Place place = PlaceOf(path);
        if (UnlinkAt(place.Parent, place.Name, flags) != 0 && Marshal.GetLastPInvokeError() is var error and not NotThere)
            throw Failure(Path, path, error);
    }

    private SafeFileHandle OpenIn(string path, int flags, int mode = 0)
    {
        using Place place = PlaceOf(path);
        int descriptor = OpenAt(place.Parent, place.Name.Length == 0 ? "." : place.Name, flags | NoFollow, mode);
        return descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failure(Path, path, Marshal.GetLastPInvokeError());
    }

    /// <summary>The directory that the path's last part is in, opened.</summary>
    private Place PlaceOf(string path)
    {
        if (path.Length == 0)
            return new Place(_root, "", owned: false);
        string[] parts = PathGuard.Check(path).Split('/');
        SafeFileHandle parent = _root;
        bool owned = false;
        foreach (string part in parts.AsSpan(0, parts.Length - 1))
        {
            int descriptor = OpenAt(parent, part, PathOnly | Directory | NoFollow | CloseOnExec, 0);
            int error = Marshal.GetLastPInvokeError();
            if (owned)
                parent.Dispose();
            if (descriptor < 0)
                throw Failure(Path, path, error);
            parent = new SafeFileHandle(descriptor, ownsHandle: true);
            owned = true;
        }

        return new Place(parent, parts[^1], owned);
    }

    private SafeFileHandle RequirePlain(SafeFileHandle file, string path)
    {
        if (Status(file, "", EmptyPath, BasicStats, out FileStatus status) == 0 && (status.Mode & TypeMask) == RegularFile)
            return file;
        file.Dispose();
        throw NotPlain(Path, path);
    }

    private static FileFacts ToFacts(FileStatus status) => new(
        (status.Mode & TypeMask) switch
        {
            RegularFile => FileKind.File,
            DirectoryFile => FileKind.Directory,
            LinkFile => FileKind.Link,
            _ => FileKind.Other,
        },
        status.Mode & TreeEntry.ModeMask, (long)status.Size,
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(status.ModifiedSeconds, -62_135_596_800, 253_402_300_799) * 1000).AddTicks(status.ModifiedNanoseconds / 100));

    private static Exception Failure(string root, string path, int error)
    {
        string shown = path.Length == 0 ? root : $"{root}/{path}";
        return error switch
        {
            TooManyLinks or NotADirectory => NotFollowed(root, path),
            IsADirectory or NoDevice => NotPlain(root, path),
            NotThere => new FileNotFoundException($"There is no '{shown}'.", shown),
            NoAccess => new UnauthorizedAccessException($"Access to '{shown}' is denied."),
            _ => new IOException($"'{shown}': {Marshal.GetPInvokeErrorMessage(error)}", error),
        };
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(SafeFileHandle directory, string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenAt(int directory, string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeDirectoryAt(SafeFileHandle directory, string path, int mode);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt(SafeFileHandle from, string fromPath, SafeFileHandle to, string toPath);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int UnlinkAt(SafeFileHandle directory, string path, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int LockFile(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Status(SafeFileHandle directory, string path, int flags, uint mask, out FileStatus status);

    private readonly struct Place(SafeFileHandle parent, string name, bool owned) : IDisposable
    {
        public SafeFileHandle Parent => parent;

        public string Name => name;

        public void Dispose()
        {
            if (owned)
                parent.Dispose();
        }
    }

    /// <summary>The kernel's struct statx, which is the same on every processor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private readonly struct FileStatus
    {
        [FieldOffset(28)]
        public readonly ushort Mode;

        [FieldOffset(40)]
        public readonly ulong Size;

        [FieldOffset(112)]
        public readonly long ModifiedSeconds;

        [FieldOffset(120)]
        public readonly uint ModifiedNanoseconds;
    }
}
