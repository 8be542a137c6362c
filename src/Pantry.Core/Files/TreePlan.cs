using Microsoft.Win32.SafeHandles;

namespace Pantry.Files;

/// <summary>What has to be done so that a directory has a tree in it; made by looking, before anything is changed.</summary>
internal sealed class TreePlan
{
    private TreePlan(IReadOnlyList<TreeEntry> build, IReadOnlyList<TreeEntry> unchanged, IReadOnlyList<string> remove)
    {
        Build = build;
        Unchanged = unchanged;
        Remove = remove;
    }

    /// <summary>Files that are missing or have another content.</summary>
    public IReadOnlyList<TreeEntry> Build { get; }

    /// <summary>Files that have the right content.</summary>
    public IReadOnlyList<TreeEntry> Unchanged { get; }

    /// <summary>What is there and not in the tree, for whoever wants nothing else there.</summary>
    public IReadOnlyList<string> Remove { get; }

    /// <summary>Chunks that are nowhere on this machine, each once, in the order in which the files need them.</summary>
    public IReadOnlyList<Chunk> Missing(LocalChunks local)
    {
        var seen = new HashSet<ContentHash>();
        return [.. Build.SelectMany(file => file.Chunks).Where(chunk => !local.Has(chunk.Hash) && seen.Add(chunk.Hash))];
    }

    /// <param name="tree">The tree.</param>
    /// <param name="root">Where it is to be.</param>
    /// <param name="findsExtra">Whether to look for what is not in the tree.</param>
    /// <param name="local">Told of the chunks of files that are there.</param>
    /// <param name="cancellation">Ends it in between.</param>
    /// <exception cref="PantryException">Something is in the way; the message names it.</exception>
    public static TreePlan Make(FileTree tree, RootFolder root, bool findsExtra, LocalChunks local, CancellationToken cancellation)
    {
        var build = new List<TreeEntry>();
        var unchanged = new List<TreeEntry>();
        foreach (TreeEntry entry in tree.Entries)
        {
            cancellation.ThrowIfCancellationRequested();
            FileFacts? there = Look(root, entry.Path);
            if (there is { Kind: FileKind.Link or FileKind.Other })
                throw InTheWay(root, entry, "a link, pipe, socket or device is there. Remove it first");
            if (there is not null && entry.IsDirectory != (there.Kind == FileKind.Directory))
                throw InTheWay(root, entry, entry.IsDirectory ? "a file is there where a directory must be. Remove it first" : "a directory is there where a file must be. Remove it first");
            if (entry.IsDirectory)
                continue;
            if (there is not null && HasContent(root, entry, there, local, cancellation))
                unchanged.Add(entry);
            else
                build.Add(entry);
        }

        foreach (TreeEntry file in build)
            FindParts(root, file, local, cancellation);
        return new TreePlan(build, unchanged, findsExtra ? [.. Extra(tree, root)] : []);
    }

    // Where a directory on the way is missing, nothing is there.
    private static FileFacts? Look(RootFolder root, string path)
    {
        try
        {
            return root.Look(path);
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
    }

    private static bool HasContent(RootFolder root, TreeEntry file, FileFacts there, LocalChunks local, CancellationToken cancellation)
    {
        // A small file of another size has nothing that is worth looking for.
        if (there.Size != file.Size && there.Size <= Chunker.MinBytes)
            return false;
        using SafeFileHandle handle = root.OpenToRead(file.Path);
        (ContentHash hash, IReadOnlyList<Chunk> chunks) = FileChunks.Read(handle, there.Size, file.Path, _ => cancellation.ThrowIfCancellationRequested());
        local.Add(root, file.Path, chunks);
        return hash == file.Hash;
    }

    // What an earlier attempt has written stands at its place already, with holes where it had not come to.
    private static void FindParts(RootFolder root, TreeEntry file, LocalChunks local, CancellationToken cancellation)
    {
        string path = TreeStaging.Of(file);
        if (Look(root, path) is not { Kind: FileKind.File, Size: > 0 } part)
            return;
        using SafeFileHandle handle = root.OpenToRead(path);
        byte[] buffer = new byte[file.Chunks.Max(chunk => chunk.Length)];
        long offset = 0;
        foreach (Chunk chunk in file.Chunks)
        {
            cancellation.ThrowIfCancellationRequested();
            if (offset + chunk.Length > part.Size)
                break;
            Span<byte> bytes = buffer.AsSpan(0, chunk.Length);
            if (FileChunks.TryRead(handle, offset, bytes) && ContentHash.Of(bytes) == chunk.Hash)
                local.Put(chunk.Hash, root, path, offset);
            offset += chunk.Length;
        }
    }

    private static IEnumerable<string> Extra(FileTree tree, RootFolder root)
    {
        var wanted = tree.Entries.ToDictionary(entry => entry.Path, StringComparer.Ordinal);
        var folders = new Stack<string>([""]);
        while (folders.TryPop(out string? folder))
        {
            foreach (string name in root.List(folder))
            {
                string path = folder.Length == 0 ? name : $"{folder}/{name}";
                if (path == TreeStaging.Folder)
                    continue;
                if (!wanted.TryGetValue(path, out TreeEntry? entry))
                    yield return path;
                else if (entry.IsDirectory)
                    folders.Push(path);
            }
        }
    }

    private static PantryException InTheWay(RootFolder root, TreeEntry entry, string what)
    {
        string full = Path.Combine(root.Path, entry.Path);
        return new PantryException(PantryErrorCode.InsecureFile, $"'{DisplayText.FirstLine(full, 300)}' cannot be written: {what}.") { Target = full };
    }
}
