using Microsoft.Win32.SafeHandles;
using Pantry.Security;

namespace Pantry.Configuration;

/// <summary>Reads files that anybody may read: a device or a pipe would never end, and only so much is read in any case.</summary>
internal static class PlainFile
{
    /// <exception cref="PantryException">It is no plain file (InsecureFile), or larger (LimitReached).</exception>
    public static byte[] Read(string path, int maxBytes) => Read(path, maxBytes, out _);

    /// <summary>The same, and whose the file is that was read.</summary>
    public static byte[] Read(string path, int maxBytes, out FileRights rights)
    {
        path = Path.GetFullPath(path);
        using SafeFileHandle handle = OperatingSystem.IsLinux() ? LinuxFile.OpenPlain(path) : File.OpenHandle(path);
        rights = OperatingSystem.IsLinux() ? LinuxFile.RightsOf(handle, path) : default;
        byte[] bytes = new byte[maxBytes + 1];
        int read = 0;
        while (read < bytes.Length && RandomAccess.Read(handle, bytes.AsSpan(read), read) is > 0 and int count)
            read += count;
        return read <= maxBytes ? bytes[..read]
            : throw new PantryException(PantryErrorCode.LimitReached, $"The file is larger than {maxBytes:N0} bytes.") { Target = path };
    }
}
