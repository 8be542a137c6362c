using System.Text.Json;

namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>The <c>metadata.json</c> of a Puppet module. Chef has a file of that name too, which names its dependencies in another way.</summary>
internal sealed class PuppetMetadata : IMetadataReader
{
    public string? FileAmong(IReadOnlyCollection<string> files) => files.Contains("metadata.json") ? "metadata.json" : null;

    public PackageFacts? Read(string file, byte[] bytes)
    {
        JsonElement root = MetadataJson.Read(file, bytes);
        bool lists = root.TryGetProperty("dependencies", out JsonElement dependencies);
        // Both have names; only Puppet's have an author in front.
        if (lists ? dependencies.ValueKind != JsonValueKind.Array : root.Text("name")?.IndexOfAny(['/', '-']) is not > 0 || root.Text("author") is null)
            return null;
        return new PackageFacts(file)
        {
            Name = NameOf(root.Text("name")),
            Version = root.Text("version"),
            Kind = "puppet",
            Description = root.Text("summary"),
            Dependencies = !lists ? [] :
            [
                .. dependencies.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.Object && one.Text("name") is { } name
                    ? new PackageDependency(NameOf(name)!, one.Text("version_requirement") ?? "*")
                    : throw MetadataJson.Damaged(file, "a dependency has no name")),
            ],
        };
    }

    // Written as author/module or author-module; they are the same.
    private static string? NameOf(string? name) => name?.Replace('/', '-');
}
