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

    /// <summary>As <see cref="Link"/>, for a place that is one package's alone.</summary>
    /// <exception cref="PantryException">Another package of the run has that place.</exception>
    public static void LinkOnce(PlannedPackage package, string directory, string place)
    {
        if (Directory.Exists(place))
            throw Twice(package, $"{Path.GetFileName(Path.GetDirectoryName(place))}/{Path.GetFileName(place)}");
        Link(directory, place);
    }

    /// <summary>The error for what two packages of a run bring under one name.</summary>
    public static PantryException Twice(PlannedPackage package, string what) =>
        new(PantryErrorCode.InvalidArgument, $"The package {package.Name} {package.Version} brings '{what}', and so does another package of the run. Leave it out of one of them.") { Target = package.Name };

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
