using Pantry.Configuration;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Provisioning.Packages;

namespace Pantry.Operators;

/// <summary>Publishes a directory: the server says what it lacks, and gets that and nothing else, until it lacks nothing.</summary>
internal sealed class PackageUpload(IProvisioning server, PantryOptions options)
{
    private long _sent;

    /// <summary>Bytes of content that the server lacked.</summary>
    public long SentBytes => Interlocked.Read(ref _sent);

    /// <summary>Told how many bytes the server has got so far, and how many it lacked at the last look.</summary>
    public IProgress<(long Sent, long Of)>? Progress { get; init; }

    public async Task<PackageInfo> PublishAsync(PackageDeclaration declaration, LocalTree files, CancellationToken cancellation)
    {
        var request = new PublishPackage(
            declaration.Name, declaration.Version.ToString(), declaration.Kind, declaration.Description,
            [.. declaration.Dependencies.Select(need => new PackageDependency(need.Name, need.Range.Text))], files.Tree.Digest.ToString());
        // Each round brings what the one before lacked; more than these, and somebody takes it away again.
        int rounds = 4 + (files.Tree.Chunks().Count / options.Provisioning.MissingChunks);
        while (rounds-- > 0)
        {
            (PackagePublished answer, byte[] missing) = await server.PublishAsync(request, cancellation).ConfigureAwait(false);
            if (answer.Package is { } published)
                return published;
            if (answer.LacksManifest)
                await PutManifestAsync(files.Tree, cancellation).ConfigureAwait(false);
            else
                await PutAsync(TreeDocument.Read(missing), files, cancellation).ConfigureAwait(false);
        }

        throw new PantryException(PantryErrorCode.Refused, $"The server still lacks content of {declaration} that it was sent. Look at its disk with Test-PantryPackageStore, and try again.") { Target = declaration.ToString() };
    }

    private async Task PutManifestAsync(FileTree tree, CancellationToken cancellation)
    {
        int most = options.Wire.MaxMessageBytes - options.Wire.MaxResultHeadBytes;
        if (tree.Bytes.Length > most)
            throw new PantryException(PantryErrorCode.MessageTooLarge, $"The list of the files has {tree.Bytes.Length:N0} bytes, and {most:N0} is the most. Make several packages of them.");
        await server.PutContentAsync([tree.Bytes], cancellation).ConfigureAwait(false);
        Interlocked.Add(ref _sent, tree.Bytes.Length);
    }

    private async Task PutAsync(IReadOnlyList<Chunk> missing, LocalTree files, CancellationToken cancellation)
    {
        long of = SentBytes + missing.Sum(chunk => (long)chunk.Length);
        await Parallel.ForEachAsync(
            ChunkGroups.Of(missing, options), new ParallelOptions { MaxDegreeOfParallelism = options.Provisioning.MessagesAtOnce, CancellationToken = cancellation },
            async (group, token) =>
            {
                byte[][] bodies = new byte[group.Count][];
                for (int i = 0; i < bodies.Length; i++)
                {
                    bodies[i] = new byte[group[i].Length];
                    await files.ReadAsync(group[i], bodies[i], token).ConfigureAwait(false);
                }

                await server.PutContentAsync(bodies, token).ConfigureAwait(false);
                long sent = Interlocked.Add(ref _sent, group.Sum(chunk => (long)chunk.Length));
                Progress?.Report((sent, of));
            }).ConfigureAwait(false);
    }
}
