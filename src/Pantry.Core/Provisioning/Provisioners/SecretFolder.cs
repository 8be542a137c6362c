using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Provisioning.Provisioners;

/// <summary>
/// A directory for files with secrets, its owner's alone: in memory where the system has such a file system, else among the work files.
/// It is removed with all in it when the run ends; what a crash leaves is removed when the client is started again, and by the next run.
/// </summary>
internal sealed class SecretFolder : IDisposable
{
    private const string MemoryFiles = "/dev/shm";
    private const string Prefix = "pantry-secrets-";

    private SecretFolder(string path) => Path = path;

    public string Path { get; }

    /// <param name="workDirectory">Where it is made where the system has no files in memory.</param>
    /// <param name="note">Is told where it will be, before it is there: what is there is to be found after a crash.</param>
    public static SecretFolder Create(string workDirectory, Action<string>? note = null)
    {
        string path = System.IO.Path.Combine(IsInMemory() ? MemoryFiles : workDirectory, $"{Prefix}{Guid.NewGuid():N}");
        note?.Invoke(path);
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
