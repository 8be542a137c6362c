using System.Text;
using Pantry.Configuration;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>
/// Which trees were written where on this machine, the newest few: their files are places to have chunks from for the next one, so that what
/// is here already is not sent again. Nothing depends on it: what is not there any more, or is something else by now, is fetched.
/// </summary>
/// <param name="folder">Where that is written down.</param>
/// <param name="limits">Limits of trees.</param>
/// <param name="most">How many are remembered.</param>
internal sealed class HeldTrees(string folder, FileLimits limits, int most = 16)
{
    private readonly Lock _lock = new();

    public IReadOnlyList<(string Path, FileTree Tree)> All()
    {
        lock (_lock)
        {
            if (!Directory.Exists(folder))
                return [];
            var held = new List<(string, FileTree)>();
            long left = limits.MaxManifestBytes;
            foreach (FileInfo file in Newest())
            {
                if ((left -= file.Length) < 0)
                    break;
                if (Read(file.FullName) is { } read)
                    held.Add(read);
            }

            return held;
        }
    }

    /// <summary>The tree that was written to a path; null where none is known.</summary>
    public FileTree? Find(string path)
    {
        lock (_lock)
            return File.Exists(FileOf(path)) && Read(FileOf(path)) is { } held && held.Path == path ? held.Tree : null;
    }

    /// <summary>Whether a tree was written to a path and is remembered.</summary>
    public bool Has(string path)
    {
        lock (_lock)
            return File.Exists(FileOf(path));
    }

    /// <summary>Paths of trees that were not written since a moment.</summary>
    public IReadOnlyList<string> NotUsedSince(DateTimeOffset moment)
    {
        lock (_lock)
            return Directory.Exists(folder) ? [.. Newest().Where(file => file.LastWriteTimeUtc < moment.UtcDateTime).ToArray().Select(file => Read(file.FullName)?.Path).OfType<string>()] : [];
    }

    /// <summary>The tree at a path is gone.</summary>
    public void Forget(string path)
    {
        lock (_lock)
            File.Delete(FileOf(path));
    }

    /// <summary>A tree was written; takes the place of the one before at the same path.</summary>
    public void Add(string path, FileTree tree)
    {
        lock (_lock)
        {
            OwnerOnly.EnsureDirectory(folder);
            PrivateFile.Replace(FileOf(path), [.. Encoding.UTF8.GetBytes($"{path}\n"), .. tree.Bytes]);
            foreach (FileInfo old in Newest().Skip(most).ToArray())
                old.Delete();
        }
    }

    private string FileOf(string path) => Path.Combine(folder, ContentHash.Of(Encoding.UTF8.GetBytes(path)).ToString()[..32]);

    // One that is damaged is of no use any more.
    private (string Path, FileTree Tree)? Read(string file)
    {
        try
        {
            ReadOnlySpan<byte> bytes = PrivateFile.Read(file, limits.MaxManifestBytes + PathGuard.MaxLength);
            int end = bytes.IndexOf((byte)'\n');
            return (Encoding.UTF8.GetString(bytes[..end]), FileTree.Parse(bytes[(end + 1)..], limits));
        }
        catch (Exception exception) when (exception is PantryException or ArgumentException || StorageErrors.IsOfDisk(exception))
        {
            File.Delete(file);
            return null;
        }
    }

    private IEnumerable<FileInfo> Newest() => new DirectoryInfo(folder).EnumerateFiles().OrderByDescending(file => file.LastWriteTimeUtc);
}
