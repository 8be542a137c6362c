using Microsoft.Win32.SafeHandles;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>A tree whose files lie on this machine, where its chunks are read from.</summary>
internal sealed class LocalTree : IChunkSource, IDisposable
{
    private readonly IReadOnlyDictionary<string, (RootFolder Root, string Path)> _places;
    private readonly IReadOnlyList<RootFolder> _roots;
    private readonly Lazy<Dictionary<ContentHash, (TreeEntry File, long Offset)>> _chunks;

    public LocalTree(FileTree tree, IReadOnlyDictionary<string, (RootFolder Root, string Path)> places, IReadOnlyList<RootFolder> roots)
    {
        Tree = tree;
        _places = places;
        _roots = roots;
        _chunks = new Lazy<Dictionary<ContentHash, (TreeEntry, long)>>(Index);
    }

    public FileTree Tree { get; }

    public bool Has(ContentHash hash) => _chunks.Value.ContainsKey(hash);

    /// <exception cref="PantryException">The file was changed since the tree was made, or cannot be read.</exception>
    public ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
    {
        if (!_chunks.Value.TryGetValue(chunk.Hash, out (TreeEntry File, long Offset) place))
            throw new PantryException(PantryErrorCode.NoMatchingFile, $"No file of the tree has the content {chunk.Hash}.");
        (RootFolder root, string path) = _places[place.File.Path];
        string full = Path.Combine(root.Path, path);
        try
        {
            using SafeFileHandle file = root.OpenToRead(path);
            Span<byte> bytes = into.Span[..chunk.Length];
            return FileChunks.TryRead(file, place.Offset, bytes) && ContentHash.Of(bytes) == chunk.Hash ? ValueTask.CompletedTask : throw FileChunks.Changed(full);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw FileChunks.Changed(full);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.OfFile(full, exception);
        }
    }

    public void Dispose()
    {
        foreach (RootFolder root in _roots)
            root.Dispose();
    }

    private Dictionary<ContentHash, (TreeEntry, long)> Index()
    {
        var chunks = new Dictionary<ContentHash, (TreeEntry, long)>();
        foreach (TreeEntry file in Tree.Files)
        {
            long offset = 0;
            foreach (Chunk chunk in file.Chunks)
            {
                chunks.TryAdd(chunk.Hash, (file, offset));
                offset += chunk.Length;
            }
        }

        return chunks;
    }
}
