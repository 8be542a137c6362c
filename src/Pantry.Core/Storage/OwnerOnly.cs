namespace Pantry.Storage;

/// <summary>Directories and files of state: made for their owner alone, and refused where others could change them.</summary>
internal static class OwnerOnly
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerDirectory = OwnerFile | UnixFileMode.UserExecute;
    private const UnixFileMode OthersWrite = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const UnixFileMode OthersAny = OthersWrite | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    /// <summary>The directory's full path; it is made where there is none.</summary>
    /// <exception cref="PantryException">It cannot be made, or others can write to it.</exception>
    public static string EnsureDirectory(string directory)
    {
        string path = directory;
        try
        {
            path = Path.GetFullPath(directory);
            if (OperatingSystem.IsWindows())
            {
                // What others may do there is inherited from the directory above.
                Directory.CreateDirectory(path);
                return path;
            }

            DirectoryInfo made = Directory.CreateDirectory(path, OwnerDirectory);
            if ((made.UnixFileMode & OthersWrite) == 0)
                return path;
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception) || exception is ArgumentException)
        {
            throw StorageErrors.IsFull(exception) ? StorageErrors.OfFile(path, exception) : StorageErrors.Failed(path, $"The directory cannot be made or looked at: {exception.Message}", exception);
        }

        throw new PantryException(PantryErrorCode.InsecureFile,
            $"Others than its owner can write to the directory '{path}', and so replace what Pantry keeps there. Make it its owner's alone: chmod 700 '{path}'.")
        { Target = path };
    }

    /// <summary>Makes the file, empty, where there is none.</summary>
    /// <exception cref="PantryException">It cannot be made, is a link, or others have access to it.</exception>
    public static void EnsureFile(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (file.LinkTarget is not null)
                throw new PantryException(PantryErrorCode.InsecureFile, $"'{path}' is a link. Put the file itself there.") { Target = path };
            if (!file.Exists)
            {
                Create(path, FileMode.CreateNew).Dispose();
                return;
            }

            if (!OperatingSystem.IsWindows() && (file.UnixFileMode & OthersAny) != 0)
            {
                throw new PantryException(PantryErrorCode.InsecureFile,
                    $"Others than its owner have access to '{path}'. Make it its owner's alone: chmod 600 '{path}'.")
                { Target = path };
            }
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.OfFile(path, exception);
        }
    }

    /// <summary>Opens the file for writing, with access for its owner alone where it is new.</summary>
    public static FileStream Create(string path, FileMode mode, FileShare share = FileShare.Read)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = share, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerFile;
        return new FileStream(path, options);
    }
}
