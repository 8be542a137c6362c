using System.Collections.Concurrent;
using Microsoft.Win32.SafeHandles;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>
/// Where on this machine chunks lie, so that nobody has to send them: in the files that are about to be replaced, in what an earlier attempt
/// left, in what is being written, and in trees that were written elsewhere. It may be wrong about any of it: what is read is compared with its hash.
/// </summary>
internal sealed class LocalChunks
{
    private readonly ConcurrentDictionary<ContentHash, Place> _places = new();

    public bool Has(ContentHash hash) => _places.ContainsKey(hash);

    public void Add(RootFolder root, string path, IReadOnlyList<Chunk> chunks)
    {
        long offset = 0;
        foreach (Chunk chunk in chunks)
        {
            _places.TryAdd(chunk.Hash, new Place(root, path, offset));
            offset += chunk.Length;
        }
    }

    /// <summary>A chunk that was just written or found, which is better known than all before it.</summary>
    public void Put(ContentHash hash, RootFolder root, string path, long offset) => _places[hash] = new Place(root, path, offset);

    /// <summary>Puts the chunk into memory, where it lies somewhere and is what its hash says.</summary>
    public bool TryRead(Chunk chunk, Span<byte> into)
    {
        if (!_places.TryGetValue(chunk.Hash, out Place place))
            return false;
        try
        {
            using SafeFileHandle file = place.Root.OpenToRead(place.Path);
            if (FileChunks.TryRead(file, place.Offset, into) && ContentHash.Of(into) == chunk.Hash)
                return true;
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception) || exception is PantryException)
        {
            // It is gone, or something else by now: then it comes from elsewhere.
        }

        _places.TryRemove(KeyValuePair.Create(chunk.Hash, place));
        return false;
    }

    private readonly record struct Place(RootFolder Root, string Path, long Offset);
}
