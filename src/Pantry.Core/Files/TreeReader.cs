using Microsoft.Win32.SafeHandles;
using Pantry.Configuration;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>
/// Makes the manifest of files and directories on this machine. Links, pipes and devices are refused, as is a name that another
/// platform could not have: what cannot be written everywhere in the same way is not sent.
/// </summary>
internal sealed class TreeReader(FileLimits limits)
{
    /// <summary>Patterns of what is left out.</summary>
    public IReadOnlyCollection<string> Exclude { get; init; } = [];

    /// <summary>Whether the tree says when files were changed. Without it the same content is the same tree whenever it was made.</summary>
    public bool KeepsTimes { get; init; } = true;

    /// <summary>Whether the tree says which files and directories are hidden or of the system, where this is Windows.</summary>
    public bool KeepsAttributes { get; init; } = true;

    /// <summary>Whether the tree has the access lists of files and directories; this must be Windows then.</summary>
    public bool KeepsAcls { get; init; }

    /// <summary>Told how many bytes have been read so far, now and then.</summary>
    public IProgress<long>? Progress { get; init; }

    /// <summary>What is in a directory, under its own paths.</summary>
    /// <exception cref="PantryException">Something in it cannot be sent or read; the message names it.</exception>
    public LocalTree ReadDirectory(string path, CancellationToken cancellation = default) => Read([new TreeItem(path, "", "")], cancellation);

    /// <summary>Some files and directories, each under a name of its own.</summary>
    /// <exception cref="PantryException">One of them cannot be sent or read, or two would have one name; the message names it.</exception>
    public LocalTree Read(IReadOnlyList<TreeItem> items, CancellationToken cancellation = default)
    {
        if (KeepsAcls && !OperatingSystem.IsWindows())
            throw RootFolder.NoAcls();
        var roots = new Dictionary<string, RootFolder>(StringComparer.Ordinal);
        try
        {
            var run = new Run(this, limits, new ExcludeFilter(Exclude), cancellation);
            foreach (TreeItem item in items)
            {
                if (!roots.TryGetValue(item.Root, out RootFolder? root))
                    roots[item.Root] = root = Open(item.Root);
                run.Add(root, item.Path, item.Name);
            }

            return new LocalTree(FileTree.Create(run.WithParents(), limits), run.Places, [.. roots.Values]);
        }
        catch
        {
            foreach (RootFolder root in roots.Values)
                root.Dispose();
            throw;
        }
    }

    private static RootFolder Open(string path)
    {
        try
        {
            return RootFolder.Open(path);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw exception is FileNotFoundException or DirectoryNotFoundException
                ? new PantryException(PantryErrorCode.NoMatchingFile, $"There is no directory '{path}'.", exception) { Target = path }
                : StorageErrors.OfFile(path, exception);
        }
    }

    private sealed class Run(TreeReader reader, FileLimits limits, ExcludeFilter filter, CancellationToken cancellation)
    {
        private const int DirectoryMode = 0x1ed;

        private readonly Dictionary<string, string> _twins = new(StringComparer.Ordinal);
        private long _read;

        public List<TreeEntry> Entries { get; } = [];

        public Dictionary<string, (RootFolder Root, string Path)> Places { get; } = new(StringComparer.Ordinal);

        // A file that is sent by itself from further down has no entry for the directories that it is in.
        public IEnumerable<TreeEntry> WithParents()
        {
            var parents = new HashSet<string>(Entries.Where(entry => entry.IsDirectory).Select(entry => entry.Path), StringComparer.Ordinal);
            foreach (TreeEntry entry in Entries)
            {
                yield return entry;
                for (int slash = entry.Path.LastIndexOf('/'); slash > 0 && parents.Add(entry.Path[..slash]); slash = entry.Path.LastIndexOf('/', slash - 1))
                    yield return new TreeEntry(entry.Path[..slash], IsDirectory: true, DirectoryMode);
            }
        }

        public void Add(RootFolder root, string path, string name)
        {
            cancellation.ThrowIfCancellationRequested();
            if (name.Length > 0)
            {
                // What is left out may have any name.
                if (filter.LeavesOut(name))
                    return;
                RequireSafe(name);
                if (!_twins.TryAdd(name, path))
                    throw TreeRules.Invalid("two of what is sent have this name. Send them one after the other, or into different directories", name);
                if (Entries.Count >= limits.MaxEntries)
                    throw new PantryException(PantryErrorCode.LimitReached, $"There are more than {limits.MaxEntries:N0} files and directories, which is the most. Send them in several parts, or leave some out with -Exclude.");
            }

            try
            {
                AddLooked(root, path, name);
            }
            catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
            {
                string full = Path.Combine(root.Path, path);
                throw exception is FileNotFoundException or DirectoryNotFoundException
                    ? new PantryException(PantryErrorCode.NoMatchingFile, $"There is no '{DisplayText.FirstLine(full, 300)}'.", exception) { Target = full }
                    : StorageErrors.OfFile(full, exception);
            }
        }

        private void RequireSafe(string name)
        {
            try
            {
                TreeRules.CheckPath(name, limits);
            }
            catch (PantryException refused)
            {
                throw new PantryException(refused.Code, $"{refused.Message} Rename it, or leave it out with -Exclude.", refused) { Target = refused.Target };
            }
        }

        private void AddLooked(RootFolder root, string path, string name)
        {
            string full = Path.Combine(root.Path, path);
            FileFacts? facts = path.Length == 0 ? new FileFacts(FileKind.Directory, 0, 0, default) : root.Look(path);
            switch (facts?.Kind)
            {
                case null:
                    throw new FileNotFoundException($"There is no '{full}'.");
                case FileKind.Directory:
                    if (name.Length > 0)
                        Entries.Add(WithTraits(new TreeEntry(name, IsDirectory: true, facts.Mode), root, path, facts));
                    foreach (string child in root.List(path))
                        Add(root, path.Length == 0 ? child : $"{path}/{child}", name.Length == 0 ? child : $"{name}/{child}");
                    break;
                case FileKind.File:
                    Entries.Add(WithTraits(ReadFile(root, path, name, facts), root, path, facts));
                    Places[name] = (root, path);
                    break;
                default:
                    throw new PantryException(PantryErrorCode.InsecureFile,
                        $"'{DisplayText.FirstLine(full, 300)}' is a {(facts.Kind == FileKind.Link ? "link" : "pipe, socket or device")}, which is not sent. Send what it leads to, or leave it out with -Exclude.")
                    { Target = full };
            }
        }

        private TreeEntry WithTraits(TreeEntry entry, RootFolder root, string path, FileFacts facts) =>
            entry with { Attributes = reader.KeepsAttributes ? facts.Attributes : 0, Acl = reader.KeepsAcls ? root.ReadAcl(path) : null };

        private TreeEntry ReadFile(RootFolder root, string path, string name, FileFacts facts)
        {
            using SafeFileHandle file = root.OpenToRead(path);
            // What is written behind it meanwhile, as to a log, is not part of it.
            long size = RandomAccess.GetLength(file);
            if (size > limits.MaxTreeBytes)
                throw new PantryException(PantryErrorCode.LimitReached, $"'{DisplayText.FirstLine(name, 300)}' has {size:N0} bytes; {limits.MaxTreeBytes:N0} is the most.") { Target = name };
            (ContentHash hash, IReadOnlyList<Chunk> chunks) = FileChunks.Read(file, size, Path.Combine(root.Path, path), Advance);
            return new TreeEntry(name, IsDirectory: false, facts.Mode)
            {
                Size = size,
                // As precise as the manifest is.
                ModifiedAt = reader.KeepsTimes ? DateTimeOffset.FromUnixTimeMilliseconds(facts.ModifiedAt.ToUnixTimeMilliseconds()) : null,
                Hash = hash,
                Chunks = chunks,
            };
        }

        private void Advance(int bytes)
        {
            cancellation.ThrowIfCancellationRequested();
            _read += bytes;
            reader.Progress?.Report(_read);
        }
    }
}

/// <summary>Something to be put into a tree.</summary>
/// <param name="Root">A directory of this machine.</param>
/// <param name="Path">What of it, relative; the directory itself where it is empty.</param>
/// <param name="Name">Its path in the tree; where it is empty, what is in the directory is put into the top of the tree.</param>
internal sealed record TreeItem(string Root, string Path, string Name);
