using Microsoft.Win32.SafeHandles;
using Pantry.Security;

namespace Pantry.Files;

/// <summary>Where there is nothing better: every part of a path is looked at before it is used.</summary>
internal sealed class PlainFolder : RootFolder
{
    // What a file that may be changed by its owner, and one that may not, counts as; and what a directory does.
    private const int Writable = 0x1a4, Unwritable = 0x124, Listable = 0x1ed;
    private const int OwnerWrites = 0x80;

    public PlainFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        if (!Directory.Exists(Path))
            throw new DirectoryNotFoundException($"There is no directory '{Path}'.");
    }

    public override string Path { get; }

    public override FileFacts? Look(string path)
    {
        string full = path.Length == 0 ? Path : System.IO.Path.Combine(Resolve(Parent(path)), path[(path.LastIndexOf('/') + 1)..]);
        FileSystemInfo info = Directory.Exists(full) ? new DirectoryInfo(full) : new FileInfo(full);
        if (!info.Exists && info.LinkTarget is null)
            return null;
        FileKind kind = (info.Attributes & FileAttributes.ReparsePoint) != 0 ? FileKind.Link
            : (info.Attributes & FileAttributes.Device) != 0 ? FileKind.Other
            : info is DirectoryInfo ? FileKind.Directory : FileKind.File;
        int mode = kind == FileKind.Directory ? Listable : (info.Attributes & FileAttributes.ReadOnly) != 0 ? Unwritable : Writable;
        return new FileFacts(
            kind, OperatingSystem.IsWindows() ? mode : (int)info.UnixFileMode & TreeEntry.ModeMask, info is FileInfo { Exists: true } file ? file.Length : 0, info.LastWriteTimeUtc,
            OperatingSystem.IsWindows() ? (int)info.Attributes & TreeEntry.AttributesMask : 0);
    }

    public override IReadOnlyList<string> List(string path)
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(Resolve(path)).Select(name => System.IO.Path.GetFileName(name))];
        Array.Sort(names, StringComparer.Ordinal);
        return names;
    }

    public override SafeFileHandle OpenToRead(string path)
    {
        RequirePlain(path, mayBeMissing: false);
        return File.OpenHandle(Resolve(path), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
    }

    public override SafeFileHandle OpenToWrite(string path)
    {
        RequirePlain(path, mayBeMissing: true);
        return File.OpenHandle(Resolve(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
    }

    public override SafeFileHandle OpenAlone(string path)
    {
        RequirePlain(path, mayBeMissing: true);
        return File.OpenHandle(Resolve(path), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Delete);
    }

    public override void MakeDirectory(string path)
    {
        if (Look(path) is { Kind: not FileKind.Directory })
            throw NotFollowed(Path, path);
        Directory.CreateDirectory(Resolve(path));
    }

    public override void Rename(string from, string to)
    {
        // What may not be written may not be replaced either, on Windows.
        if (OperatingSystem.IsWindows() && Look(to) is { Kind: FileKind.File, Mode: Unwritable })
            SetMode(to, Writable);
        File.Move(Resolve(from), Resolve(to), overwrite: true);
    }

    public override void DeleteFile(string path)
    {
        string full = System.IO.Path.Combine(Resolve(Parent(path)), path[(path.LastIndexOf('/') + 1)..]);
        if (Directory.Exists(full))
        {
            Directory.Delete(full);
            return;
        }

        // What may not be written may not be removed either, on Windows.
        if (OperatingSystem.IsWindows() && Look(path) is { Kind: FileKind.File, Mode: Unwritable })
            SetMode(path, Writable);
        File.Delete(full);
    }

    public override void DeleteDirectory(string path) => Directory.Delete(Resolve(path));

    public override void SetMode(string path, int mode)
    {
        string full = Resolve(path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(full, (UnixFileMode)mode);
        else if (File.Exists(full))
            File.SetAttributes(full, (mode & OwnerWrites) != 0 ? File.GetAttributes(full) & ~FileAttributes.ReadOnly : File.GetAttributes(full) | FileAttributes.ReadOnly);
    }

    public override void SetAttributes(string path, int attributes)
    {
        if (!OperatingSystem.IsWindows())
            return;
        string full = Resolve(path);
        File.SetAttributes(full, (FileAttributes)(((int)File.GetAttributes(full) & ~TreeEntry.AttributesMask) | attributes));
    }

    public override string ReadAcl(string path) => OperatingSystem.IsWindows() ? WindowsAcl.Read(Resolve(path), IsDirectory(path)) : base.ReadAcl(path);

    public override void SetAcl(string path, string acl)
    {
        if (OperatingSystem.IsWindows())
            WindowsAcl.Set(Resolve(path), IsDirectory(path), acl);
        else
            base.SetAcl(path, acl);
    }

    // Each file is put on the disk by whoever wrote it.
    public override void Flush()
    {
    }

    public override void Dispose()
    {
    }

    private static string Parent(string path) => path.LastIndexOf('/') is >= 0 and int slash ? path[..slash] : "";

    private string Resolve(string path) => path.Length == 0 ? Path : PathGuard.Resolve(Path, path);

    private bool IsDirectory(string path) => Look(path) switch
    {
        { Kind: FileKind.Directory } => true,
        { Kind: FileKind.File } => false,
        null => throw new FileNotFoundException($"There is no '{System.IO.Path.Combine(Path, path)}'."),
        _ => throw NotFollowed(Path, path),
    };

    private void RequirePlain(string path, bool mayBeMissing)
    {
        if (Look(path) is not { } facts)
        {
            if (!mayBeMissing)
                throw new FileNotFoundException($"There is no '{System.IO.Path.Combine(Path, path)}'.");
        }
        else if (facts.Kind == FileKind.Link)
        {
            throw NotFollowed(Path, path);
        }
        else if (facts.Kind != FileKind.File)
        {
            throw NotPlain(Path, path);
        }
    }
}
