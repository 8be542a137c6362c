namespace Pantry.Files;

/// <summary>A file or a directory of a tree.</summary>
/// <param name="Path">Relative, with <c>/</c> between its parts.</param>
/// <param name="IsDirectory">Whether it is a directory.</param>
/// <param name="Mode">Who may read, write and execute it: nine bits, as Unix has them.</param>
internal sealed record TreeEntry(string Path, bool IsDirectory, int Mode)
{
    /// <summary>All that a mode may have: no bit that lends a program its owner's rights.</summary>
    public const int ModeMask = 0x1ff;

    /// <summary>Of the attributes that Windows has: hidden and system. That nobody may write to a file is in its mode.</summary>
    public const int AttributesMask = (int)(FileAttributes.Hidden | FileAttributes.System);

    /// <summary>Bytes of a file.</summary>
    public long Size { get; init; }

    /// <summary>When a file was last changed; null where that is not kept.</summary>
    public DateTimeOffset? ModifiedAt { get; init; }

    /// <summary>SHA-256 of a whole file.</summary>
    public ContentHash Hash { get; init; }

    /// <summary>Whether it is hidden, or of the system, as Windows has it; elsewhere that means nothing.</summary>
    public int Attributes { get; init; }

    /// <summary>Who may do what with it on Windows beyond what its directory says, as <see cref="AclText"/> writes it; null where that is not kept.</summary>
    public string? Acl { get; init; }

    /// <summary>The pieces of a file, in order; none of an empty one.</summary>
    public IReadOnlyList<Chunk> Chunks { get; init; } = [];
}
