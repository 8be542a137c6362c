using Microsoft.Win32.SafeHandles;

namespace Pantry.Security;

/// <summary>
/// Files that are their owner's alone: written whole or not at all, and read only where nobody else could have read or
/// changed them. What cannot be read or written at all shows as the exceptions of <see cref="File"/>.
/// </summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode EverybodyReads = OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Writes a file that must not be there yet.</summary>
    /// <exception cref="IOException">There is one already, or it cannot be written.</exception>
    public static void WriteNew(string path, ReadOnlySpan<byte> bytes) => Write(path, bytes, replace: false, OwnerOnly);

    /// <summary>Writes a file in the place of one that may be there; a link is replaced, never followed.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> bytes) => Write(path, bytes, replace: true, OwnerOnly);

    /// <summary>The same for what everybody may read, such as a public key beside a secret one.</summary>
    public static void ReplacePublic(string path, ReadOnlySpan<byte> bytes) => Write(path, bytes, replace: true, EverybodyReads);

    /// <summary>Reads a whole file after checking, on the opened file itself, that it is its owner's alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxBytes">The most that it may have.</param>
    /// <param name="ofService">Whether root may read it though it is a service's own: root then trusts what that service trusts.</param>
    /// <exception cref="PantryException">It is a link, no plain file, others' to read or write, or too large.</exception>
    public static byte[] Read(string path, long maxBytes, bool ofService = false)
    {
        using SafeFileHandle handle = OpenChecked(Path.GetFullPath(path), ofService);
        long length = RandomAccess.GetLength(handle);
        if (length > maxBytes)
            throw new PantryException(PantryErrorCode.LimitReached, $"'{path}' is larger than {maxBytes:N0} bytes; it is not the file it should be.") { Target = path };

        byte[] bytes = new byte[length];
        int read = 0;
        while (read < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(read), read) is > 0 and int count)
            read += count;
        return read == bytes.Length ? bytes : throw new IOException($"'{path}' changed while it was read.");
    }

    internal static PantryException Insecure(string path, string what) => new(PantryErrorCode.InsecureFile, what) { Target = path };

    private static SafeFileHandle OpenChecked(string path, bool ofService)
    {
        if (OperatingSystem.IsWindows())
            return WindowsFile.OpenOwnersAlone(path);
        if (OperatingSystem.IsLinux())
            return LinuxFile.OpenOwnersAlone(path, ofService);

        // No platform that is supported; the mode is still looked at.
        if (new FileInfo(path).LinkTarget is not null)
            throw Insecure(path, $"'{path}' is a link; give the file itself.");
        SafeFileHandle handle = File.OpenHandle(path);
        try
        {
            LinuxFile.CheckMode(path, File.GetUnixFileMode(handle));
            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Write(string path, ReadOnlySpan<byte> bytes, bool replace, UnixFileMode mode)
    {
        path = Path.GetFullPath(path);
        string temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = Create(temporary, mode))
            {
                stream.Write(bytes);
                stream.Flush(flushToDisk: true);
            }

            if (!replace && OperatingSystem.IsLinux())
                LinuxFile.MoveToNew(temporary, path);
            else
                File.Move(temporary, path, overwrite: replace);
            if (OperatingSystem.IsLinux())
                LinuxFile.FlushDirectory(Path.GetDirectoryName(path)!);
        }
        catch
        {
            Discard(temporary);
            throw;
        }
    }

    private static FileStream Create(string path, UnixFileMode mode)
    {
        if (OperatingSystem.IsWindows())
        {
            return mode == OwnerOnly
                ? WindowsFile.CreateOwnersAlone(path)
                : new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        }

        var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode });
        // The umask of the process must not decide who can read a public key.
        File.SetUnixFileMode(stream.SafeFileHandle, mode);
        return stream;
    }

    private static void Discard(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Nothing more can be done about it here.
        }
    }
}
