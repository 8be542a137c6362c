using System.Security.Cryptography;
using System.Text;

namespace Pantry.Security;

/// <summary>
/// Clients by name in an order, without their names: an entry is the tag of a target for this job, so that who else
/// reads the order learns no name. Where the order has secrets, the wrapped key for the target follows its tag.
/// </summary>
internal static class TargetTags
{
    public const int TagLength = 16;
    public const int WrappedKeyLength = 48;

    /// <summary>Bytes of an entry in an order with secrets.</summary>
    public const int LongEntryLength = TagLength + WrappedKeyLength;

    /// <summary>Entries of one list; only the last has fewer.</summary>
    public const int ListLength = 256;

    public const int DigestLength = SHA256.HashSizeInBytes;

    private static ReadOnlySpan<byte> Purpose => "Pantry target"u8;

    public static byte[] Tag(string job, string identity)
    {
        byte[] text = [.. Purpose, 0, .. Encoding.UTF8.GetBytes(job), 0, .. Encoding.UTF8.GetBytes(identity.ToLowerInvariant())];
        return SHA256.HashData(text)[..TagLength];
    }

    /// <summary>The lists for these clients, in their order.</summary>
    /// <param name="job">Id of the job.</param>
    /// <param name="identities">The clients.</param>
    /// <param name="wrappedKey">The wrapped key for a client, in an order with secrets.</param>
    public static byte[][] Lists(string job, IReadOnlyList<string> identities, Func<string, byte[]>? wrappedKey = null)
    {
        byte[] Entry(string identity)
        {
            if (wrappedKey is null)
                return Tag(job, identity);
            byte[] wrapped = wrappedKey(identity);
            ArgumentOutOfRangeException.ThrowIfNotEqual(wrapped.Length, WrappedKeyLength);
            return [.. Tag(job, identity), .. wrapped];
        }

        return [.. identities.Chunk(ListLength).Select(part => part.SelectMany(Entry).ToArray())];
    }

    /// <summary>What a statement says of a list.</summary>
    public static byte[] Digest(ReadOnlySpan<byte> list) => SHA256.HashData(list);

    /// <summary>The statement of a target with these lists added.</summary>
    public static TargetStatement AddTo(TargetStatement target, IReadOnlyList<byte[]> lists, bool withKeys) => lists.Count == 0 ? target : target with
    {
        Lists = [.. lists.Select(list => Digest(list))],
        EntryLength = withKeys ? LongEntryLength : TagLength,
    };

    public static bool IsEntryLength(int length) => length is TagLength or LongEntryLength;

    /// <summary>The place of a tag in a list; null where it is not there, or the bytes are no list.</summary>
    public static int? IndexIn(ReadOnlySpan<byte> list, int entryLength, ReadOnlySpan<byte> tag)
    {
        if (!IsEntryLength(entryLength) || tag.Length != TagLength || list.Length % entryLength != 0 || list.Length > ListLength * entryLength)
            return null;
        for (int index = 0; index < list.Length / entryLength; index++)
        {
            if (list.Slice(index * entryLength, TagLength).SequenceEqual(tag))
                return index;
        }

        return null;
    }

    /// <summary>The wrapped key that stands with a tag; null where there is none.</summary>
    public static byte[]? WrappedKey(ReadOnlySpan<byte> list, ReadOnlySpan<byte> tag) =>
        IndexIn(list, LongEntryLength, tag) is { } index
            ? list.Slice((index * LongEntryLength) + TagLength, WrappedKeyLength).ToArray()
            : null;
}
