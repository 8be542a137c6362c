using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;

namespace Pantry.Operators;

/// <summary>A package's files at a server, as a source of chunks; small ones come several at a time.</summary>
internal sealed class PackageDownload(IProvisioning server, PackageInfo package, PantryOptions options) : IChunkSource
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ContentHash, Task<IReadOnlyList<byte[]>>> _asked = [];
    private readonly Dictionary<ContentHash, IReadOnlyList<Chunk>> _groups = [];

    public void Expect(IReadOnlyList<Chunk> chunks)
    {
        foreach (IReadOnlyList<Chunk> group in ChunkGroups.Of(chunks, options))
        {
            foreach (Chunk chunk in group)
                _groups[chunk.Hash] = group;
        }
    }

    public async ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation)
    {
        IReadOnlyList<Chunk> group = _groups.GetValueOrDefault(chunk.Hash) ?? [chunk];
        Task<IReadOnlyList<byte[]>> asked;
        lock (_lock)
        {
            if (!_asked.Remove(chunk.Hash, out asked!))
            {
                // Whoever asks first asks for the whole group; the others find their part, and it goes when all have taken theirs.
                asked = server.ReadContentAsync(new ReadContent(package.Name, package.Version, [.. group.Select(one => one.Hash.ToString())]), cancellation);
                foreach (Chunk other in group.Where(other => other.Hash != chunk.Hash))
                    _asked[other.Hash] = asked;
            }
        }

        IReadOnlyList<byte[]> bodies = await asked.WaitAsync(cancellation).ConfigureAwait(false);
        int place = group.Select((one, index) => (one, index)).First(entry => entry.one.Hash == chunk.Hash).index;
        if (place >= bodies.Count || bodies[place].Length != chunk.Length)
            throw new PantryException(PantryErrorCode.ContentDamaged, $"The server sent another content than the chunk {chunk.Hash} of {package}.") { Target = package.ToString() };
        bodies[place].CopyTo(into);
    }
}
