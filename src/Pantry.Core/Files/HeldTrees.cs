using System.Text;
using Pantry.Configuration;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>
/// Which trees were written where on this machine, the newest few: their files are places to have chunks from for the next one, so that what
/// is here already is not sent again. Nothing depends on it: what is not there any more, or is something else by now, is fetched.
/// </summary>
internal sealed class HeldTrees(string folder, FileLimits limits)
{
    private const int MostHeld = 16;

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
                try
                {
                    ReadOnlySpan<byte> bytes = PrivateFile.Read(file.FullName, limits.MaxManifestBytes + PathGuard.MaxLength);
                    int end = bytes.IndexOf((byte)'\n');
                    held.Add((Encoding.UTF8.GetString(bytes[..end]), FileTree.Parse(bytes[(end + 1)..], limits)));
                }
                catch (Exception exception) when (exception is PantryException or ArgumentException || StorageErrors.IsOfDisk(exception))
                {
                    File.Delete(file.FullName);
                }
            }

            return held;
        }
    }

    /// <summary>A tree was written; takes the place of the one before at the same path.</summary>
    public void Add(string path, FileTree tree)
    {
        lock (_lock)
        {
            string name = ContentHash.Of(Encoding.UTF8.GetBytes(path)).ToString()[..32];
            PrivateFile.Replace(Path.Combine(OwnerOnly.EnsureDirectory(folder), name), [.. Encoding.UTF8.GetBytes($"{path}\n"), .. tree.Bytes]);
            foreach (FileInfo old in Newest().Skip(MostHeld).ToArray())
                old.Delete();
        }
    }

    private IEnumerable<FileInfo> Newest() => new DirectoryInfo(folder).EnumerateFiles().OrderByDescending(file => file.LastWriteTimeUtc);
}
