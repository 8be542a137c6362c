using System.Diagnostics.CodeAnalysis;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Provisioning.Packages;
using Pantry.Storage;

namespace Pantry.Server.Provisioning;

/// <summary>Reads everything that packages have and compares it with its hash; what is missing or damaged is named by package and file.</summary>
internal sealed class PackageVerification(PackageStore packages, ChunkStore content, PantryOptions options)
{
    // Each piece of content is read once, however many packages have it.
    private readonly Dictionary<ContentHash, string?> _read = [];
    private readonly List<PackageStoreProblem> _found = [];
    private byte[] _buffer = [];
    private long _bytes;
    private int _named;
    private int _looked;

    /// <summary>What is found, as it is found; the last page has the figures of the whole.</summary>
    public IEnumerable<PackagesVerified> Run()
    {
        long shown = 0;
        foreach (StoredPackage package in packages.All)
        {
            _looked++;
            if (ReadTree(package.Edition) is not { } tree)
                continue;
            foreach (TreeEntry file in tree.Files)
            {
                if (file.Chunks.Select(chunk => ProblemOf(chunk.Hash, chunk.Length)).FirstOrDefault(problem => problem is not null) is { } problem)
                    Add(package.Edition, file.Path, problem);
                // Whoever waits is to see that it goes on.
                if (_bytes - shown < options.Provisioning.VerifyStep)
                    continue;
                shown = _bytes;
                yield return Page(last: false);
            }
        }

        yield return Page(last: true);
    }

    private FileTree? ReadTree(PackageEdition edition)
    {
        _ = ContentHash.TryParse(edition.Digest, out ContentHash digest);
        try
        {
            byte[] manifest = content.Read(digest, options.Files.MaxManifestBytes);
            if (_read.TryAdd(digest, null))
                _bytes += manifest.Length;
            return FileTree.Parse(manifest, options.Files);
        }
        catch (PantryException damaged)
        {
            Add(edition, null, damaged.Message);
            return null;
        }
    }

    [SuppressMessage("Performance", "CA1854", Justification = "What is null is known to be whole.")]
    private string? ProblemOf(ContentHash hash, int length)
    {
        if (_read.ContainsKey(hash))
            return _read[hash];
        if (_buffer.Length < length)
            _buffer = new byte[Chunker.MaxBytes];
        try
        {
            content.Read(hash, _buffer.AsSpan(0, length));
            _bytes += length;
            return _read[hash] = null;
        }
        catch (PantryException damaged)
        {
            return _read[hash] = damaged.Message;
        }
    }

    private void Add(PackageEdition edition, string? file, string problem)
    {
        if (_named++ < options.Provisioning.NamedProblems)
            _found.Add(new PackageStoreProblem(edition.Declaration.Name, edition.Declaration.Version.ToString(), file, problem));
    }

    private PackagesVerified Page(bool last)
    {
        var page = new PackagesVerified(
            new PackageStoreCheck { IsIntact = _named == 0, Packages = _looked, Chunks = _read.Count, Bytes = _bytes, Problems = [.. _found] }, last);
        _found.Clear();
        return page;
    }
}
