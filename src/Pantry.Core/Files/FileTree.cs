using System.Text.Json;
using Pantry.Configuration;
using Pantry.Protocol;

namespace Pantry.Files;

/// <summary>
/// The manifest of some files and directories. The same tree is always the same bytes, so that their SHA-256 names it:
/// whoever knows that digest knows every byte of every file.
/// </summary>
internal sealed class FileTree
{
    private const int Version = 1;

    private readonly Lazy<IReadOnlyDictionary<ContentHash, int>> _lengths;

    private FileTree(IReadOnlyList<TreeEntry> entries, byte[] bytes)
    {
        Entries = entries;
        Bytes = bytes;
        Digest = ContentHash.Of(bytes);
        Size = entries.Sum(entry => entry.Size);
        _lengths = new Lazy<IReadOnlyDictionary<ContentHash, int>>(() => Chunks().ToDictionary(chunk => chunk.Hash, chunk => chunk.Length));
    }

    /// <summary>By path, in the order of its characters' codes; a directory stands before what is in it.</summary>
    public IReadOnlyList<TreeEntry> Entries { get; }

    /// <summary>The manifest as JSON.</summary>
    public byte[] Bytes { get; }

    /// <summary>SHA-256 of <see cref="Bytes"/>.</summary>
    public ContentHash Digest { get; }

    /// <summary>Bytes of all files together.</summary>
    public long Size { get; }

    /// <summary>Whether it has access lists of Windows, which no other system can set.</summary>
    public bool HasAcls => Entries.Any(entry => entry.Acl is not null);

    public IEnumerable<TreeEntry> Files => Entries.Where(entry => !entry.IsDirectory);

    /// <summary>Length of each chunk.</summary>
    public IReadOnlyDictionary<ContentHash, int> ChunkLengths => _lengths.Value;

    /// <summary>Every chunk once, in the order in which the files need them.</summary>
    public IReadOnlyList<Chunk> Chunks()
    {
        var seen = new HashSet<ContentHash>();
        return [.. Entries.SelectMany(entry => entry.Chunks).Where(chunk => seen.Add(chunk.Hash))];
    }

    /// <exception cref="PantryException">An entry may not be in a tree, or there are too many; the message names it.</exception>
    public static FileTree Create(IEnumerable<TreeEntry> entries, FileLimits limits)
    {
        TreeEntry[] ordered = [.. entries.OrderBy(entry => entry.Path, StringComparer.Ordinal)];
        TreeRules.Check(ordered, limits);
        return new FileTree(ordered, Write(ordered, limits));
    }

    /// <summary>Reads a manifest that came from elsewhere.</summary>
    /// <exception cref="PantryException">It is no manifest, or what it lists may not be in a tree; the message names the entry.</exception>
    public static FileTree Parse(ReadOnlySpan<byte> bytes, FileLimits limits)
    {
        if (bytes.Length > limits.MaxManifestBytes)
            throw TooLarge(limits);
        TreeDocument? document;
        try
        {
            document = WireJson.HasNullInList(bytes) ? null : JsonSerializer.Deserialize(bytes, TreeJson.Default.TreeDocument);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or FormatException
            or ArgumentException or OverflowException or InvalidOperationException)
        {
            throw TreeRules.Invalid($"The manifest of files could not be read{(exception is JsonException { BytePositionInLine: { } at } ? $" at byte {at}" : "")}.");
        }

        if (document is not { Version: Version })
            throw TreeRules.Invalid($"The manifest of files is of another version than {Version}, or is none. Bring both sides to the same version of Pantry.");
        var entries = new List<TreeEntry>(document.Entries.Count);
        foreach (TreeDocument.Entry listed in document.Entries)
            entries.Add(TreeDocument.ToEntry(listed) ?? throw TreeRules.Invalid("it is neither a file nor a directory", listed.Path));
        TreeRules.Check(entries, limits);
        // Another way to write the same would be another digest for the same files.
        byte[] canonical = Write(entries, limits);
        return bytes.SequenceEqual(canonical) ? new FileTree(entries, canonical) : throw TreeRules.Invalid("The manifest of files is not written as it must be.");
    }

    private static byte[] Write(IReadOnlyList<TreeEntry> entries, FileLimits limits)
    {
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(new TreeDocument(Version, [.. entries.Select(TreeDocument.Of)]), TreeJson.Default.TreeDocument);
        return bytes.Length <= limits.MaxManifestBytes ? bytes : throw TooLarge(limits);
    }

    private static PantryException TooLarge(FileLimits limits) => new(PantryErrorCode.LimitReached,
        $"The list of the files has more than {limits.MaxManifestBytes:N0} bytes, which is the most. Send them in several parts.");
}
