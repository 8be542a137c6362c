using System.Text;
using Pantry.Configuration;
using Pantry.Security;

namespace Pantry.Files;

/// <summary>What may be in a tree. The same on all platforms, so that a tree that one machine takes is written on the next as it is.</summary>
internal static class TreeRules
{
    /// <exception cref="PantryException">An entry may not be in a tree; the message names it and says why.</exception>
    public static void Check(IReadOnlyList<TreeEntry> entries, FileLimits limits)
    {
        if (entries.Count > limits.MaxEntries)
        {
            throw new PantryException(PantryErrorCode.LimitReached,
                $"There are {entries.Count:N0} files and directories; {limits.MaxEntries:N0} is the most. Send them in several parts, or leave some out with -Exclude.");
        }

        var directories = new HashSet<string>(StringComparer.Ordinal);
        var names = new Dictionary<string, string>(entries.Count, StringComparer.OrdinalIgnoreCase);
        var lengths = new Dictionary<ContentHash, int>();
        string before = "";
        long size = 0;
        foreach (TreeEntry entry in entries)
        {
            CheckPath(entry.Path, limits);
            if (before.Length > 0 && string.CompareOrdinal(before, entry.Path) >= 0)
                throw Invalid("it is there twice, or not in its order", entry.Path);
            before = entry.Path;
            RequireParent(entry.Path, directories);
            // What is one name to Windows or macOS is one name everywhere.
            if (!names.TryAdd(entry.Path.Normalize(NormalizationForm.FormC), entry.Path))
                throw Invalid($"it differs from '{DisplayText.FirstLine(names[entry.Path.Normalize(NormalizationForm.FormC)], 200)}' only in upper and lower case or in how its letters are composed", entry.Path);
            if ((entry.Mode & ~TreeEntry.ModeMask) != 0)
                throw Invalid("its mode has other bits than those of reading, writing and executing", entry.Path);
            if ((entry.Attributes & ~TreeEntry.AttributesMask) != 0)
                throw Invalid("it has other attributes than hidden and system", entry.Path);
            if (entry.Acl is { } acl && AclText.Fault(acl, entry.IsDirectory) is { } fault)
                throw Invalid(fault, entry.Path);
            if (entry.IsDirectory)
                directories.Add(entry.Path);
            else
                CheckContent(entry, lengths, limits);
            size = checked(size + entry.Size);
            if (size > limits.MaxTreeBytes)
                throw new PantryException(PantryErrorCode.LimitReached, $"The files have more than {limits.MaxTreeBytes:N0} bytes together, which is the most. Send them in several parts.") { Target = entry.Path };
        }
    }

    /// <summary>The same for one path; what is read from a disk is checked so before it is looked into.</summary>
    /// <exception cref="PantryException">The path may not be in a tree.</exception>
    public static void CheckPath(string path, FileLimits limits)
    {
        if (PathGuard.Check(path) != path)
            throw Invalid("the parts of its path must be parted by /", path);
        if (path.AsSpan().Count('/') >= limits.MaxDepth)
            throw Invalid($"it is more than {limits.MaxDepth} levels deep", path);
        if (path == TreeStaging.Folder || path.StartsWith(TreeStaging.Folder + "/", StringComparison.OrdinalIgnoreCase))
            throw Invalid("Pantry needs that name for what is not complete yet", path);
    }

    public static PantryException Invalid(string message) => new(PantryErrorCode.InvalidTree, message);

    public static PantryException Invalid(string why, string path) =>
        new(PantryErrorCode.InvalidTree, $"The entry '{DisplayText.FirstLine(path, 200)}' is refused: {why}.") { Target = path };

    private static void RequireParent(string path, HashSet<string> directories)
    {
        int slash = path.LastIndexOf('/');
        if (slash >= 0 && !directories.Contains(path[..slash]))
            throw Invalid("the directory that it is in is not listed, or is a file", path);
    }

    private static void CheckContent(TreeEntry file, Dictionary<ContentHash, int> lengths, FileLimits limits)
    {
        if (file.Size < 0 || file.Size > limits.MaxTreeBytes)
            throw Invalid($"its size is {file.Size:N0} bytes", file.Path);
        long together = 0;
        foreach (Chunk chunk in file.Chunks)
        {
            if (chunk.Length is <= 0 or > Chunker.MaxBytes)
                throw Invalid($"a chunk of it has {chunk.Length:N0} bytes; it must have 1 to {Chunker.MaxBytes:N0}", file.Path);
            if (!lengths.TryAdd(chunk.Hash, chunk.Length) && lengths[chunk.Hash] != chunk.Length)
                throw Invalid("a chunk of it has another length elsewhere", file.Path);
            together += chunk.Length;
        }

        if (together != file.Size)
            throw Invalid($"its chunks have {together:N0} bytes, but its size is {file.Size:N0}", file.Path);
        if (file.Chunks.Count == 0 && file.Hash != ContentHash.OfNothing)
            throw Invalid("it is empty, but its hash is that of something", file.Path);
        if (file.Chunks.Count == 1 && file.Chunks[0].Hash != file.Hash)
            throw Invalid("it is one chunk, but has another hash than that", file.Path);
    }
}
