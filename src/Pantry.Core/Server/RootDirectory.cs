namespace Pantry.Server;

/// <summary>The directory of a server's data: its owner's alone.</summary>
internal static class RootDirectory
{
    /// <summary>Makes the directory where it is missing, and checks that it can be written.</summary>
    public static void Prepare(string path)
    {
        try
        {
            if (!Directory.Exists(path))
            {
                if (OperatingSystem.IsWindows())
                    Directory.CreateDirectory(path);
                else
                    Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            string probe = Path.Combine(path, $".write-{Guid.NewGuid():N}");
            File.WriteAllBytes(probe, []);
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"The root directory '{path}' cannot be used: {exception.Message} Give a directory that can be written with -Path.", exception)
            { Target = path };
        }
    }
}
