using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// A directory for files with secrets, its owner's alone: in memory where the system has such a file system, else among the work files.
/// It is removed with all in it when the run ends; what a crash leaves is removed by the next run.
/// </summary>
internal sealed class SecretFolder : IDisposable
{
    private const string MemoryFiles = "/dev/shm";
    private const string Prefix = "pantry-secrets-";

    private SecretFolder(string path) => Path = path;

    public string Path { get; }

    public static SecretFolder Create(string workDirectory)
    {
        string path = System.IO.Path.Combine(IsInMemory() ? MemoryFiles : workDirectory, $"{Prefix}{Guid.NewGuid():N}");
        return new SecretFolder(OwnerOnly.EnsureDirectory(path));
    }

    /// <summary>Writes an owner-only file; names may have directories.</summary>
    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        string path = PathGuard.Resolve(Path, name);
        OwnerOnly.EnsureDirectory(System.IO.Path.GetDirectoryName(path)!);
        PrivateFile.WriteNew(path, bytes);
        return path;
    }

    public void Dispose() => Remove(Path);

    /// <summary>Removes what a run that crashed left; what has another name is left alone.</summary>
    public static void Remove(string path)
    {
        if (!System.IO.Path.GetFileName(path).StartsWith(Prefix, StringComparison.Ordinal))
            return;
        WorkFiles.Remove(path);
    }

    private static bool IsInMemory()
    {
        try
        {
            return OperatingSystem.IsLinux() && Directory.Exists(MemoryFiles) && new DriveInfo(MemoryFiles).DriveFormat is "tmpfs" or "ramfs";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
