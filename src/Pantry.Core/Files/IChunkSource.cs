namespace Pantry.Files;

/// <summary>Somewhere to have chunks from.</summary>
internal interface IChunkSource
{
    /// <summary>The chunks that will be asked for, in that order, each once: whoever has to fetch them can begin.</summary>
    void Expect(IReadOnlyList<Chunk> chunks)
    {
    }

    /// <summary>Puts a chunk into memory of its length. Not every source has looked whether the bytes are what the hash says.</summary>
    /// <exception cref="PantryException">It is not there, or cannot be had.</exception>
    ValueTask ReadAsync(Chunk chunk, Memory<byte> into, CancellationToken cancellation);
}
