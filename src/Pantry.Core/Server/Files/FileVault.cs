using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;

namespace Pantry.Server.Files;

/// <summary>What a server keeps of files: content by its hash, manifests among it, and why each tree is there.</summary>
internal sealed class FileVault
{
    private readonly FileLimits _limits;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly List<Func<IEnumerable<ContentHash>>> _others = [];
    private readonly ConcurrentDictionary<ContentHash, WeakReference<FileTree>> _trees = new();

    private FileVault(ChunkStore store, TreeRegister register, FileLimits limits, TimeProvider time, ILogger log)
    {
        (Store, Register, _limits, _time, _log) = (store, register, limits, time, log);
    }

    public ChunkStore Store { get; }

    public TreeRegister Register { get; }

    /// <exception cref="PantryException">The directory cannot be used.</exception>
    public static FileVault Open(string path, FileLimits limits, TimeProvider time, ILogger log) => new(
        ChunkStore.Open(path, time),
        TreeRegister.Open(Path.Combine(path, "trees"), damaged => log.LogError("The file {Path} of the file store is damaged; the tree it names may be forgotten.", damaged)),
        limits, time, log);

    /// <summary>Names trees that something else keeps; they are asked for at every collection.</summary>
    public void Keep(Func<IEnumerable<ContentHash>> trees) => _others.Add(trees);

    /// <summary>Whether no further tree may be kept.</summary>
    public bool IsFull => Register.All.Count >= _limits.MaxTrees;

    /// <summary>The manifest of a tree, read once for all who want it at the same time.</summary>
    /// <exception cref="PantryException">It is not there, or damaged.</exception>
    public FileTree Tree(ContentHash digest)
    {
        if (_trees.TryGetValue(digest, out WeakReference<FileTree>? known) && known.TryGetTarget(out FileTree? tree))
            return tree;
        tree = FileTree.Parse(Store.Read(digest, _limits.MaxManifestBytes), _limits);
        _trees[digest] = new WeakReference<FileTree>(tree);
        return tree;
    }

    /// <summary>Forgets trees that nothing wants any more, and removes the content that no tree has.</summary>
    /// <param name="isWanted">Whether a tree is still wanted for a reason, however old that is.</param>
    /// <param name="cancellation">Ends it in between.</param>
    public (long Count, long Bytes) Collect(Func<TreeReason, bool> isWanted, CancellationToken cancellation = default)
    {
        foreach (ContentHash digest in _trees.Where(known => !known.Value.TryGetTarget(out _)).Select(known => known.Key))
            _trees.TryRemove(digest, out _);
        Register.Forget(_time.GetUtcNow() - _limits.TreeKeep, isWanted);
        var used = new HashSet<ContentHash>();
        HashSet<ContentHash> kept = [.. _others.SelectMany(trees => trees())];
        foreach (ContentHash digest in Register.All.Select(reason => reason.Digest).Concat(kept))
        {
            cancellation.ThrowIfCancellationRequested();
            if (!used.Add(digest))
                continue;
            if (Store.LengthOf(digest) is null)
            {
                if (!kept.Contains(digest))
                    continue;
                _log.LogError("Nothing is removed from the file store, for a manifest in it is missing: {Digest}", digest);
                return (0, 0);
            }

            try
            {
                used.UnionWith(Tree(digest).Entries.SelectMany(entry => entry.Chunks).Select(chunk => chunk.Hash));
            }
            catch (PantryException damaged) when (damaged.Code is PantryErrorCode.ContentDamaged or PantryErrorCode.InvalidTree)
            {
                // What it lists is not known any more: nothing is removed until somebody has looked.
                _log.LogError("Nothing is removed from the file store, for a manifest in it is damaged: {Reason}", damaged.Message);
                return (0, 0);
            }
        }

        return Store.Collect(used.Contains, _limits.UnusedGrace, cancellation);
    }
}
