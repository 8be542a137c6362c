namespace Pantry.Tests.EndToEnd;

/// <summary>
/// Directories of tests. In memory where the system has such a place: hundreds of clients write keys and journals through
/// to the disk, which is not what these tests are about.
/// </summary>
internal static class TestDirectory
{
    private const string InMemory = "/dev/shm";

    public static string Create()
    {
        string parent = Directory.Exists(InMemory) ? InMemory : Path.GetTempPath();
        string path = Path.Combine(parent, $"pantry-test-{Guid.NewGuid():N}");
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
