using Pantry.Configuration;
using Pantry.Files;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Files;

/// <summary>A directory of files to send, and places to put them.</summary>
internal sealed class FileTestFolder : IDisposable
{
    public static FileLimits Limits { get; } = new();

    public string Root { get; } = TestDirectory.Create();

    /// <summary>The directory that is read.</summary>
    public string Source => Path.Combine(Root, "source");

    public string this[string path] => Path.Combine(Root, path);

    /// <summary>Bytes that look like nothing, and the same for the same seed.</summary>
    public static byte[] Random(int length, int seed)
    {
        byte[] bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public string Write(string path, byte[] content, int? mode = null)
    {
        string full = Path.Combine(Source, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllBytes(full, content);
        if (mode is { } bits && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(full, (UnixFileMode)bits);
        return full;
    }

    public LocalTree Read(params string[] exclude) => new TreeReader(Limits) { Exclude = exclude }.ReadDirectory(Source);

    /// <summary>Paths, contents and modes of all that is in a directory.</summary>
    public static SortedDictionary<string, string> Contents(string folder)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (FileSystemInfo info in new DirectoryInfo(folder).EnumerateFileSystemInfos("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 }))
        {
            string mode = OperatingSystem.IsWindows() ? "" : Convert.ToString((int)info.UnixFileMode, 8);
            found[Path.GetRelativePath(folder, info.FullName).Replace('\\', '/')] = info is FileInfo file
                ? $"{mode} {ContentHash.Of(File.ReadAllBytes(file.FullName))}" : $"{mode} directory";
        }

        return found;
    }

    public void Dispose()
    {
        // Some tests leave directories that may not be written; what a link leads to is no business of theirs.
        foreach (string folder in Directory.EnumerateDirectories(Root, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true }).ToArray())
        {
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        Directory.Delete(Root, recursive: true);
    }
}

/// <summary>A source that counts what is asked of it.</summary>
internal sealed class CountingSource(IChunkSource source) : IChunkSource
{
    private long _bytes;
    private int _count;

    public long Bytes => Interlocked.Read(ref _bytes);

    public int Count => Volatile.Read(ref _count);

    /// <summary>Fails after so many chunks.</summary>
    public int FailsAfter { get; init; } = int.MaxValue;

    public async ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _count) > FailsAfter)
            throw new PantryException(PantryErrorCode.ConnectionLost, "The link is cut.");
        Interlocked.Add(ref _bytes, chunk.Length);
        await source.ReadAsync(chunk, into, cancellation);
    }
}
