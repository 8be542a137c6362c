using Pantry.Files;
using Pantry.Protocol;
using Pantry.Provisioning.Packages;

namespace Pantry.Operators;

/// <summary>Publishes a directory: the server is asked first, and gets the files it lacks, and nothing else.</summary>
internal sealed class PackagePublishing(IFleet fleet)
{
    /// <summary>Told how many bytes were sent so far, now and then.</summary>
    public IProgress<long>? Progress { get; init; }

    /// <summary>Bytes that were sent.</summary>
    public long SentBytes { get; private set; }

    /// <exception cref="PantryException">The version is there with other content, or the server refuses or cannot be reached.</exception>
    public async Task<PackageInfo> PublishAsync(PackageDeclaration declaration, LocalTree files, CancellationToken cancellation)
    {
        var request = new PublishPackage(
            declaration.Name, declaration.Version.ToString(), declaration.Kind, declaration.Description,
            [.. declaration.Dependencies.Select(need => new PackageDependency(need.Name, need.Range.Text))], files.Tree.Digest.ToString());
        if (await fleet.Provisioning.PublishAsync(request, cancellation).ConfigureAwait(false) is { } there)
            return there;
        SentBytes += await fleet.Trees.SendAsync(files, null, null, Progress, cancellation).ConfigureAwait(false);
        return await fleet.Provisioning.PublishAsync(request, cancellation).ConfigureAwait(false)
            ?? throw new PantryException(PantryErrorCode.Refused, $"The server still lacks files of {declaration} that it was sent. Look at its disk with Test-PantryPackageStore, and try again.") { Target = declaration.ToString() };
    }
}
