namespace Pantry.Provisioning.Provisioners;

/// <summary>Directories that a run makes and removes.</summary>
internal static class WorkFiles
{
    /// <summary>Removes a directory, as far as that goes; links in it are removed, never followed.</summary>
    public static void Remove(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // A process that was left behind may write there still; the next run tries again.
        }
    }

    /// <summary>Makes a directory appear in another place: by a link, and by a copy where the system has none to give.</summary>
    public static void Link(string directory, string place)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        try
        {
            Directory.CreateSymbolicLink(place, directory);
        }
        catch (Exception exception) when (OperatingSystem.IsWindows() && exception is IOException or UnauthorizedAccessException)
        {
            Copy(directory, place);
        }
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (FileSystemInfo entry in new DirectoryInfo(from).EnumerateFileSystemInfos())
        {
            if ((entry.Attributes & FileAttributes.ReparsePoint) != 0)
                continue;
            if (entry is FileInfo file)
                file.CopyTo(Path.Combine(to, file.Name));
            else
                Copy(entry.FullName, Path.Combine(to, entry.Name));
        }
    }
}
