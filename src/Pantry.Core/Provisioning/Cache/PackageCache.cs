using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Provisioning.Cache;

/// <summary>
/// The packages on a client: <c>packages/name/version</c> below its directory, exactly the files that were published. Each is compared with its manifest
/// before it is applied, and put right; what it lacks is made from what other packages have, and fetched where none has it.
/// </summary>
internal sealed class PackageCache(string home, ITreeExchange trees, PantryOptions options, TimeProvider time, ILogger log)
{
    private readonly HeldTrees _held = new(Path.Combine(home, "package-trees"), options.Files, most: int.MaxValue);

    /// <summary>The directory of a package; it need not be there.</summary>
    /// <exception cref="PantryException">The name or the version is none.</exception>
    public string Locate(string name, string version) => name.AsSpan().ContainsAny("/\\") || version.AsSpan().ContainsAny("/\\")
        ? throw new PantryException(PantryErrorCode.InvalidName, $"'{DisplayText.Clean($"{name} {version}", 80)}' is no package: its name and version have no slash.")
        : PathGuard.Resolve(home, $"packages/{name}/{version}");

    /// <summary>Brings packages here, one after the other, and lets go of those that no plan had for long.</summary>
    /// <param name="packages">The packages of a plan.</param>
    /// <param name="job">The job that grants them.</param>
    /// <param name="note">Told what was done, a line for each.</param>
    /// <param name="cancellation">Ends it; what has come is kept for the next time.</param>
    /// <exception cref="PantryException">One cannot be had, or the disk is full; no package is half there.</exception>
    public async Task BringAsync(IReadOnlyList<PantryPlanPackage> packages, string job, Action<string> note, CancellationToken cancellation)
    {
        foreach (PantryPlanPackage package in packages)
            note(await BringAsync(package, job, cancellation).ConfigureAwait(false));
        Forget([.. packages.Select(package => Locate(package.Name, package.Version))]);
    }

    private async Task<string> BringAsync(PantryPlanPackage package, string job, CancellationToken cancellation)
    {
        if (!ContentHash.TryParse(package.Digest, out ContentHash digest))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The plan names no files of {package}.") { Target = package.ToString() };
        string directory = Locate(package.Name, package.Version);
        var source = new PackageTree(trees, digest, job);
        await using (source.ConfigureAwait(false))
        {
            FileTree? known = _held.Find(directory) is { } held && held.Digest == digest ? held : null;
            FileTree tree = known ?? await source.ManifestAsync(cancellation).ConfigureAwait(false);
            TreeChanges changes = await WriteAsync(package, tree, directory, source, known is not null, cancellation).ConfigureAwait(false);
            _held.Add(directory, tree);
            if (known is null)
                return $"{package}: {tree.Files.Count():N0} files with {tree.Size:N0} bytes; {source.ReceivedBytes:N0} bytes were fetched.";
            if (changes is { Written: 0, Removed: 0 })
                return $"{package}: is here; 0 bytes were fetched.";
            // A tool that writes into its package, or worse.
            log.LogWarning("{Package} was changed on this machine after it was fetched: {Written} files were not what they must be, and {Removed} were too many. It was put right.", package, changes.Written, changes.Removed);
            return $"{package}: was changed on this machine after it was fetched ({changes.Written:N0} files were not what they must be, {changes.Removed:N0} were too many), and was put right; {source.ReceivedBytes:N0} bytes were fetched.";
        }
    }

    private async Task<TreeChanges> WriteAsync(PantryPlanPackage package, FileTree tree, string directory, PackageTree source, bool known, CancellationToken cancellation)
    {
        // All that is held is looked through only where something new is to be made of it.
        var writer = new TreeWriter(options.Files) { RemovesExtra = true, Held = known ? [] : _held.All() };
        try
        {
            return await writer.WriteAsync(tree, directory, source, cancellation).ConfigureAwait(false);
        }
        catch (PantryException inTheWay) when (inTheWay.Code == PantryErrorCode.InsecureFile)
        {
            log.LogWarning("{Package} was changed on this machine and is written anew: {Reason}", package, inTheWay.Message);
            Remove(directory);
            return await writer.WriteAsync(tree, directory, source, cancellation).ConfigureAwait(false);
        }
    }

    private void Forget(HashSet<string> wanted)
    {
        foreach (string directory in _held.NotUsedSince(time.GetUtcNow() - options.Provision.PackageKeep).Where(directory => !wanted.Contains(directory)))
        {
            try
            {
                Remove(directory);
                _held.Forget(directory);
                log.LogInformation("'{Directory}' was not used for {Time} and was removed.", directory, options.Provision.PackageKeep);
            }
            catch (Exception exception) when (StorageErrors.IsOfDisk(exception))
            {
                // The next run tries again.
                log.LogWarning("'{Directory}' was not used for long and could not be removed: {Reason}", directory, exception.Message);
            }
        }
    }

    // Links in it are removed, not followed; what may not be written is made so.
    private static void Remove(string directory)
    {
        string parent = Path.GetDirectoryName(directory)!;
        if (!Directory.Exists(parent))
            return;
        using RootFolder root = RootFolder.Open(parent);
        root.DeleteAll(Path.GetFileName(directory));
    }
}
