namespace Pantry.Files;

/// <summary>A piece of a file, known by its content.</summary>
/// <param name="Hash">SHA-256 of its bytes.</param>
/// <param name="Length">How many bytes it has; never none.</param>
internal readonly record struct Chunk(ContentHash Hash, int Length)
{
    /// <summary>Bytes of a chunk in a list of them: its hash and its length.</summary>
    public const int ListedBytes = ContentHash.Length + sizeof(int);
}
