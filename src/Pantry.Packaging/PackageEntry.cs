using System.Text;

namespace Pantry.Packaging;

/// <summary>A file of a package: where it goes, with <c>/</c> between directories, what it holds, and whether it is a program.</summary>
internal sealed record PackageEntry(string Path, Func<Stream> Open, bool IsProgram = false)
{
    // No package depends on the umask or the owner of what it was made from.
    public UnixFileMode Mode => IsProgram ? ProgramMode : ProgramMode & ~(UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);

    public const UnixFileMode ProgramMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    public static PackageEntry OfFile(string path, string file, bool isProgram = false) => new(path, () => File.OpenRead(file), isProgram);

    public static PackageEntry OfText(string path, string text, bool isProgram = false) => new(path, () => new MemoryStream(Encoding.UTF8.GetBytes(text)), isProgram);

    public static PackageEntry OfBytes(string path, byte[] bytes) => new(path, () => new MemoryStream(bytes));

    /// <summary>All files below a directory.</summary>
    public static IEnumerable<PackageEntry> OfDirectory(string directory, string below = "") =>
        Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(file => OfFile(below + System.IO.Path.GetRelativePath(directory, file).Replace('\\', '/'), file));

    /// <summary>In the one order that packages have.</summary>
    public static PackageEntry[] Sorted(IEnumerable<PackageEntry> entries) => [.. entries.OrderBy(entry => entry.Path, StringComparer.Ordinal)];
}
