using Microsoft.Extensions.Logging;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Provisioning.Cache;

/// <summary>
/// The packages on a client: <c>packages/name/version</c> below its directory, exactly the files that were published. Each is compared with its manifest
/// before it is applied, and put right; what it lacks is made from what other packages have, and fetched where none has it.
/// </summary>
internal sealed class PackageCache(string home, ITreeExchange trees, PantryOptions options, TimeProvider time, ILogger log)
{
    private const string Folder = "packages";

    private readonly string _home = Path.TrimEndingDirectorySeparator(Path.GetFullPath(home));
    private readonly HeldTrees _held = new(Path.Combine(home, "package-trees"), options.Files, most: int.MaxValue);

    /// <summary>The directory of a package; it need not be there, and where it was not brought yet there may be something else.</summary>
    /// <exception cref="PantryException">The name or the version is none.</exception>
    public string Locate(string name, string version)
    {
        _ = NameOf(name, version);
        return PathOf(name, version);
    }

    /// <summary>Brings packages here, one after the other, and lets go of those that no plan had for long.</summary>
    /// <param name="packages">The packages of a plan.</param>
    /// <param name="job">The job that grants them.</param>
    /// <param name="note">Told what was done, a line for each.</param>
    /// <param name="cancellation">Ends it; what has come is kept for the next time.</param>
    /// <exception cref="PantryException">One cannot be had, or the disk is full; no package is half there.</exception>
    public async Task BringAsync(IReadOnlyList<PantryPlanPackage> packages, string job, Action<string> note, CancellationToken cancellation)
    {
        // Before anything comes: what is to go leaves room for it.
        Forget(packages.Select(package => PathOf(package.Name, package.Version)).ToHashSet(Names.Comparer));
        foreach (PantryPlanPackage package in packages)
            note(await BringAsync(package, job, cancellation).ConfigureAwait(false));
    }

    private async Task<string> BringAsync(PantryPlanPackage package, string job, CancellationToken cancellation)
    {
        if (!ContentHash.TryParse(package.Digest, out ContentHash digest))
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The plan names no files of {package}.") { Target = package.ToString() };
        ClearPlace(package);
        string directory = PathGuard.Resolve(_home, NameOf(package.Name, package.Version));
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

    // Who puts a link in the place of a package leads tools elsewhere; and where a file is, no package can ever be.
    private void ClearPlace(PantryPlanPackage package)
    {
        if (!Directory.Exists(Path.Combine(_home, Folder)))
            return;
        using RootFolder root = RootFolder.Open(_home);
        string version = NameOf(package.Name, package.Version), name = version[..version.LastIndexOf('/')];
        foreach (string place in (string[])[name, version])
        {
            if (root.Look(place) is not { } there)
                return;
            if (there.Kind == FileKind.Directory)
                continue;
            log.LogWarning("Something that is no directory was in the place of {Package}, at '{Place}'. It was removed; what a link leads to was left as it is.", package, place);
            root.DeleteFile(place);
            return;
        }
    }

    private void Forget(HashSet<string> wanted)
    {
        DateTimeOffset before = time.GetUtcNow() - options.Provision.PackageKeep;
        foreach (string directory in _held.NotUsedSince(before).Concat(Strays(before)).Where(directory => !wanted.Contains(directory)))
        {
            try
            {
                Remove(directory);
                _held.Forget(directory);
                log.LogInformation("'{Directory}' was not used for {Time} and was removed.", directory, options.Provision.PackageKeep);
            }
            catch (Exception exception) when (exception is PantryException || StorageErrors.IsOfDisk(exception))
            {
                // The next run tries again.
                log.LogWarning("'{Directory}' was not used for long and could not be removed: {Reason}", directory, exception.Message);
            }
        }
    }

    // What could not be brought whole is noted nowhere.
    private List<string> Strays(DateTimeOffset before)
    {
        var strays = new List<string>();
        try
        {
            if (!Directory.Exists(Path.Combine(_home, Folder)))
                return strays;
            using RootFolder root = RootFolder.Open(_home);
            foreach (string name in root.List(Folder).Where(name => root.Look($"{Folder}/{name}") is { Kind: FileKind.Directory }))
            {
                strays.AddRange(root.List($"{Folder}/{name}")
                    .Where(version => !_held.Has(PathOf(name, version)) && root.Look($"{Folder}/{name}/{version}") is { } there && there.ModifiedAt < before)
                    .Select(version => PathOf(name, version)));
            }
        }
        catch (Exception exception) when (exception is PantryException || StorageErrors.IsOfDisk(exception))
        {
            log.LogWarning("Packages that are not used any more could not be looked for: {Reason}", exception.Message);
        }

        return strays;
    }

    // Links in it or on the way to it are not followed; what may not be written is made so.
    private void Remove(string directory)
    {
        if (!Directory.Exists(_home) || Path.GetRelativePath(_home, directory).Split(Path.DirectorySeparatorChar) is not [Folder, _, _] parts)
            return;
        using RootFolder root = RootFolder.Open(_home);
        string name = $"{Folder}/{parts[1]}";
        if (root.Look(name) is not { Kind: FileKind.Directory })
        {
            root.DeleteAll(name);
            return;
        }

        root.DeleteAll($"{name}/{parts[2]}");
        if (root.List(name).Count == 0)
            root.DeleteDirectory(name);
    }

    private string PathOf(string name, string version) => Path.Combine(_home, Folder, name, version);

    private static string NameOf(string name, string version) => name.AsSpan().ContainsAny("/\\") || version.AsSpan().ContainsAny("/\\")
        ? throw new PantryException(PantryErrorCode.InvalidName, $"'{DisplayText.Clean($"{name} {version}", 80)}' is no package: its name and version have no slash.")
        : PathGuard.Check($"{Folder}/{name}/{version}");
}
