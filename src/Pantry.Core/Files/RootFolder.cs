using Microsoft.Win32.SafeHandles;

namespace Pantry.Files;

/// <summary>
/// A directory under which files are read and written by relative paths. Each path is walked part by part, and no link is followed on
/// the way: whoever may write under the directory cannot lead Pantry out of it. The directory itself is opened as it is named.
/// </summary>
internal abstract class RootFolder : IDisposable
{
    /// <summary>Full path of the directory, for messages.</summary>
    public abstract string Path { get; }

    /// <param name="path">A directory that is there.</param>
    /// <exception cref="IOException">It is not there, or cannot be opened.</exception>
    public static RootFolder Open(string path) => OperatingSystem.IsLinux() ? LinuxFolder.Open(path) : new PlainFolder(path);

    /// <summary>What is at the path; null where nothing is.</summary>
    public abstract FileFacts? Look(string path);

    /// <summary>What is in a directory, by name; the empty path is the root itself.</summary>
    public abstract IReadOnlyList<string> List(string path);

    /// <summary>Opens a plain file to read. Of a pipe or device nothing is read.</summary>
    public abstract SafeFileHandle OpenToRead(string path);

    /// <summary>Opens a plain file to write and read, and makes it, for its owner alone, where there is none.</summary>
    public abstract SafeFileHandle OpenToWrite(string path);

    /// <summary>The same, and nobody else has it open so at the same time.</summary>
    /// <exception cref="IOException">Somebody has.</exception>
    public abstract SafeFileHandle OpenAlone(string path);

    /// <summary>Makes a directory; one that is there stays.</summary>
    public abstract void MakeDirectory(string path);

    /// <summary>Gives a file another name, in the place of one that may be there.</summary>
    public abstract void Rename(string from, string to);

    public abstract void DeleteFile(string path);

    /// <summary>Removes an empty directory.</summary>
    public abstract void DeleteDirectory(string path);

    /// <summary>Sets who may do what with a file or directory.</summary>
    public abstract void SetMode(string path, int mode);

    /// <summary>Makes a file or directory hidden, or one of the system, where the system has that.</summary>
    public virtual void SetAttributes(string path, int attributes)
    {
    }

    /// <summary>What is explicit in the access list of a file or directory.</summary>
    /// <exception cref="PantryException">It cannot be read, or the system is not Windows.</exception>
    public virtual string ReadAcl(string path) => throw NoAcls();

    /// <summary>Sets what is explicit in the access list of a file or directory.</summary>
    /// <exception cref="PantryException">It cannot be set, or the system is not Windows.</exception>
    public virtual void SetAcl(string path, string acl) => throw NoAcls();

    /// <summary>Begins to put a part of a file on the disk, and does not wait for it; where that cannot be, nothing is lost but time.</summary>
    public virtual void BeginFlush(SafeFileHandle file, long offset, long length)
    {
    }

    /// <summary>Puts on the disk what was written under the root.</summary>
    public abstract void Flush();

    public abstract void Dispose();

    /// <summary>Removes a file, or a directory with all that is in it; links in it are removed, not followed.</summary>
    public void DeleteAll(string path)
    {
        if (Look(path) is not { } facts)
            return;
        if (facts.Kind != FileKind.Directory)
        {
            DeleteFile(path);
            return;
        }

        foreach (string name in List(path))
            DeleteAll($"{path}/{name}");
        DeleteDirectory(path);
    }

    /// <summary>Access lists are those of Windows.</summary>
    public static PantryException NoAcls() => new(PantryErrorCode.NotOffered,
        "Access lists are kept from one Windows machine to another, and this one is none. Leave -KeepAcl out; modes are kept without it.");

    private protected static PantryException NotFollowed(string root, string path) => new(PantryErrorCode.InsecureFile,
        $"'{DisplayText.FirstLine(path, 200)}' under '{DisplayText.FirstLine(root, 200)}' is a link, or leads through a link or something that is no directory. Put the file or directory itself there.")
    { Target = path };

    private protected static PantryException NotPlain(string root, string path) => new(PantryErrorCode.InsecureFile,
        $"'{DisplayText.FirstLine(path, 200)}' under '{DisplayText.FirstLine(root, 200)}' is a directory, pipe, socket or device where a plain file must be.")
    { Target = path };
}

/// <summary>What is known of something in a directory without opening it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Mode">Nine bits.</param>
/// <param name="Size">Bytes.</param>
/// <param name="ModifiedAt">When it was last changed.</param>
/// <param name="Attributes">Whether it is hidden, or of the system, as Windows has it.</param>
internal sealed record FileFacts(FileKind Kind, int Mode, long Size, DateTimeOffset ModifiedAt, int Attributes = 0);

internal enum FileKind
{
    File,
    Directory,
    Link,

    /// <summary>A pipe, socket or device.</summary>
    Other,
}
