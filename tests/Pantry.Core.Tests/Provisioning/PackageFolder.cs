using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Provisioning.Packages;
using Pantry.Provisioning.Packages.Metadata;

namespace Pantry.Tests.Provisioning;

/// <summary>A directory with files that becomes packages.</summary>
internal sealed class PackageFolder : IDisposable
{
    private static readonly PantryOptions Options = new();

    public string Path { get; } = Directory.CreateTempSubdirectory("pantry-folder-").FullName;

    public PackageFolder With(string file, string text)
    {
        string path = System.IO.Path.Combine(Path, file);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return this;
    }

    public PackageFolder With(string file, byte[] bytes)
    {
        File.WriteAllBytes(System.IO.Path.Combine(Path, file), bytes);
        return this;
    }

    public LocalTree Read() => new TreeReader(Options.Files) { KeepsTimes = false }.ReadDirectory(Path);

    /// <summary>Publishes the directory as it is now.</summary>
    /// <returns>The package, and how many bytes of content travelled.</returns>
    public async Task<(PackageInfo Package, long Sent)> PublishAsync(IFleet fleet, string name, string version, string kind = "script", params string[] needs)
    {
        var given = new PackageFacts(Path) { Name = name, Version = version, Kind = kind, Dependencies = [.. needs.Select(need => new PackageDependency(need.Split('=', 2)[0], need.Split('=', 2)[1]))] };
        PackageDeclaration declaration = PackageMetadata.Read(Path, given, []);
        using LocalTree files = Read();
        var publishing = new PackagePublishing(fleet);
        PackageInfo package = await publishing.PublishAsync(declaration, files, default);
        return (package, publishing.SentBytes);
    }

    /// <summary>A package with one small file of its own.</summary>
    public static async Task<PackageInfo> PublishNewAsync(IFleet fleet, string name, string version, params string[] needs)
    {
        using PackageFolder folder = new PackageFolder().With("run.sh", $"echo {name} {version}");
        return (await folder.PublishAsync(fleet, name, version, "script", needs)).Package;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
