using Microsoft.Win32.SafeHandles;
using Pantry.Configuration;
using Pantry.Storage;

namespace Pantry.Files;

/// <summary>
/// Puts a tree into a directory. Files that are there with the right content stay; the others are built beside it, from what the machine has
/// already and from a source, and are given their names when all of them are complete and on the disk: whoever is interrupted finds the directory as it
/// was, and the next attempt what was built so far.
/// </summary>
internal sealed class TreeWriter(FileLimits limits)
{
    /// <summary>Whether to remove what is not in the tree.</summary>
    public bool RemovesExtra { get; init; }

    /// <summary>Trees that were written to this machine before and may still be there, as places to have chunks from.</summary>
    public IReadOnlyList<(string Path, FileTree Tree)> Held { get; init; } = [];

    /// <summary>Told how many bytes of the files that are built are there, now and then.</summary>
    public IProgress<long>? Progress { get; init; }

    /// <param name="tree">The tree.</param>
    /// <param name="destination">Where its entries are to be; made where it is missing.</param>
    /// <param name="source">Where chunks come from that are not on this machine.</param>
    /// <param name="cancellation">Ends it; the directory is as it was.</param>
    /// <exception cref="PantryException">Something is in the way, the disk is full or failed, or a chunk is not what it must be.</exception>
    public async Task<TreeChanges> WriteAsync(FileTree tree, string destination, IChunkSource source, CancellationToken cancellation)
    {
        if (tree.HasAcls && !OperatingSystem.IsWindows())
        {
            throw new PantryException(PantryErrorCode.NotOffered,
                "The files come with access lists of Windows, which this machine cannot set; without them others could read what they must not. Nothing was written. Send them without -KeepAcl.");
        }

        var held = new List<RootFolder>();
        try
        {
            Directory.CreateDirectory(destination);
            using RootFolder root = RootFolder.Open(destination);
            root.MakeDirectory(TreeStaging.Folder);
            using SafeFileHandle alone = root.OpenAlone(TreeStaging.LockFile);
            var local = new LocalChunks();
            AddHeld(local, held);
            TreePlan plan = TreePlan.Make(tree, root, RemovesExtra, local, cancellation);
            RequireRoom(root, plan);
            source.Expect(plan.Missing(local));

            var build = new TreeBuild(root, local, source, limits, Progress);
            await build.RunAsync(plan.Build, cancellation).ConfigureAwait(false);
            cancellation.ThrowIfCancellationRequested();
            Settle(root, tree, plan, build);
            return new TreeChanges(plan.Build.Count, plan.Unchanged.Count, plan.Remove.Count, build.Fetched, build.Reused);
        }
        catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
        {
            throw StorageErrors.OfFile(destination, exception);
        }
        finally
        {
            foreach (RootFolder folder in held)
                folder.Dispose();
        }
    }

    private void AddHeld(LocalChunks local, List<RootFolder> opened)
    {
        foreach ((string path, FileTree tree) in Held.Where(held => Directory.Exists(held.Path)))
        {
            RootFolder root = RootFolder.Open(path);
            opened.Add(root);
            foreach (TreeEntry file in tree.Files)
                local.Add(root, file.Path, file.Chunks);
        }
    }

    // Better said before than found in the middle; it can still become full.
    private static void RequireRoom(RootFolder root, TreePlan plan)
    {
        long needed = plan.Build.Sum(file => Math.Max(0, file.Size - (root.Look(TreeStaging.Of(file))?.Size ?? 0)));
        long free = new DriveInfo(root.Path).AvailableFreeSpace;
        if (needed > free)
        {
            throw StorageErrors.Failed(root.Path,
                $"The files need {needed:N0} bytes more, and its disk has {free:N0} left. Free some space; nothing was changed.");
        }
    }

    private static void Settle(RootFolder root, FileTree tree, TreePlan plan, TreeBuild build)
    {
        // Nobody may do with a file under its name what its access list forbids; and where one cannot be set, nothing is changed.
        // Elsewhere than on Windows they are what they must be since they were built.
        foreach (TreeEntry file in OperatingSystem.IsWindows() ? plan.Build : [])
            Dress(root, build.PartOf(file), file);
        if (plan.Build.Count > 0)
            root.Flush();
        foreach (string extra in plan.Remove)
            root.DeleteAll(extra);
        foreach (TreeEntry directory in tree.Entries.Where(entry => entry.IsDirectory))
        {
            root.MakeDirectory(directory.Path);
            if (directory.Acl is { } acl)
                root.SetAcl(directory.Path, acl);
        }

        foreach (TreeEntry file in plan.Build)
            root.Rename(build.PartOf(file), file.Path);
        // Once more: what they inherit is still that of the place where they were built.
        foreach (TreeEntry file in plan.Build.Where(file => file.Acl is not null))
            root.SetAcl(file.Path, file.Acl!);
        foreach (TreeEntry file in plan.Unchanged)
            Dress(root, file.Path, file);
        // The deepest first: one that may not be written could not be gone through to those in it.
        foreach (TreeEntry directory in tree.Entries.Where(entry => entry.IsDirectory).Reverse())
        {
            root.SetMode(directory.Path, directory.Mode);
            if (directory.Attributes != 0)
                root.SetAttributes(directory.Path, directory.Attributes);
        }

        root.DeleteAll(TreeStaging.Folder);
        root.Flush();
    }

    // What a tree does not say of attributes stays as it is: only Windows knows them. The access list comes last, for it may forbid to change the others.
    private static void Dress(RootFolder root, string path, TreeEntry file)
    {
        if (root.Look(path) is not { } there)
            return;
        if (file.Attributes != 0 && there.Attributes != file.Attributes)
            root.SetAttributes(path, file.Attributes);
        if (there.Mode != file.Mode)
            root.SetMode(path, file.Mode);
        if (file.Acl is { } acl)
            root.SetAcl(path, acl);
    }
}

/// <summary>What came of writing a tree.</summary>
/// <param name="Written">Files that were new or had another content.</param>
/// <param name="Unchanged">Files that were right already.</param>
/// <param name="Removed">Files and directories that were there and not in the tree.</param>
/// <param name="FetchedBytes">Bytes that came from the source.</param>
/// <param name="ReusedBytes">Bytes of written files that were on this machine already.</param>
internal sealed record TreeChanges(int Written, int Unchanged, int Removed, long FetchedBytes, long ReusedBytes);
