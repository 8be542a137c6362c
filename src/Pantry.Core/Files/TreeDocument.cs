using System.Buffers.Binary;
using System.Text.Json.Serialization;

namespace Pantry.Files;

/// <summary>A tree as JSON. Unknown, missing and repeated properties are refused: two readings of a manifest must not differ.</summary>
/// <param name="Version">1.</param>
/// <param name="Entries">The entries, by path.</param>
internal sealed record TreeDocument(int Version, IReadOnlyList<TreeDocument.Entry> Entries)
{
    /// <param name="Path">Relative path.</param>
    /// <param name="Mode">Nine bits.</param>
    /// <param name="Size">Bytes; null of a directory.</param>
    /// <param name="Modified">Milliseconds since 1970 in UTC.</param>
    /// <param name="Hash">SHA-256 of the file in hexadecimal digits; null of a directory.</param>
    /// <param name="Chunks">Hash and length, in 4 bytes, of one chunk after the other; null where the file is one chunk, or empty.</param>
    /// <param name="Attributes">Attributes of Windows; null for none.</param>
    /// <param name="Acl">Access list of Windows; null where it is not kept.</param>
    internal sealed record Entry(
        string Path, int Mode, long? Size = null, long? Modified = null, string? Hash = null, byte[]? Chunks = null, int? Attributes = null, string? Acl = null);

    public static Entry Of(TreeEntry entry)
    {
        int? attributes = entry.Attributes == 0 ? null : entry.Attributes;
        return entry.IsDirectory
            ? new Entry(entry.Path, entry.Mode, Attributes: attributes, Acl: entry.Acl)
            : new Entry(
                entry.Path, entry.Mode, entry.Size, entry.ModifiedAt?.ToUnixTimeMilliseconds(), entry.Hash.ToString(), entry.Chunks.Count > 1 ? Write(entry.Chunks) : null,
                attributes, entry.Acl);
    }

    /// <summary>The entry; null where it is no entry at all.</summary>
    public static TreeEntry? ToEntry(Entry entry)
    {
        if (entry.Hash is null)
        {
            return entry is { Size: null, Modified: null, Chunks: null }
                ? new TreeEntry(entry.Path, IsDirectory: true, entry.Mode) { Attributes = entry.Attributes ?? 0, Acl = entry.Acl }
                : null;
        }

        if (entry.Size is not { } size || !ContentHash.TryParse(entry.Hash, out ContentHash hash) || entry.Chunks is { } listed && listed.Length % Chunk.ListedBytes != 0
            || entry.Modified is < -62_135_596_800_000 or > 253_402_300_799_999)
        {
            return null;
        }

        // One that is too large for it shows as a chunk of a wrong size.
        IReadOnlyList<Chunk> chunks = entry.Chunks is { } several ? Read(several) : size == 0 ? [] : [new Chunk(hash, (int)Math.Clamp(size, int.MinValue, int.MaxValue))];
        return new TreeEntry(entry.Path, IsDirectory: false, entry.Mode)
        {
            Size = size,
            ModifiedAt = entry.Modified is { } modified ? DateTimeOffset.FromUnixTimeMilliseconds(modified) : null,
            Hash = hash,
            Attributes = entry.Attributes ?? 0,
            Acl = entry.Acl,
            Chunks = chunks,
        };
    }

    public static byte[] Write(IReadOnlyList<Chunk> chunks)
    {
        byte[] bytes = new byte[chunks.Count * Chunk.ListedBytes];
        for (int i = 0; i < chunks.Count; i++)
        {
            Span<byte> place = bytes.AsSpan(i * Chunk.ListedBytes);
            chunks[i].Hash.CopyTo(place);
            BinaryPrimitives.WriteInt32BigEndian(place[ContentHash.Length..], chunks[i].Length);
        }

        return bytes;
    }

    public static Chunk[] Read(ReadOnlySpan<byte> bytes)
    {
        var chunks = new Chunk[bytes.Length / Chunk.ListedBytes];
        for (int i = 0; i < chunks.Length; i++)
        {
            ReadOnlySpan<byte> place = bytes[(i * Chunk.ListedBytes)..];
            chunks[i] = new Chunk(ContentHash.Read(place), BinaryPrimitives.ReadInt32BigEndian(place[ContentHash.Length..]));
        }

        return chunks;
    }
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    MaxDepth = 4,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(TreeDocument))]
internal sealed partial class TreeJson : JsonSerializerContext;
