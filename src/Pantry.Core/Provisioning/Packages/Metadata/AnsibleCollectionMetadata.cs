using Pantry.Configuration;

namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>The <c>galaxy.yml</c> of an Ansible collection.</summary>
internal sealed class AnsibleCollectionMetadata : IMetadataReader
{
    private const string FileName = "galaxy.yml";

    public string? FileAmong(IReadOnlyCollection<string> files) => files.Contains(FileName) ? FileName : null;

    public PackageFacts Read(string file, byte[] bytes)
    {
        YamlSection root = YamlDocumentFile.Parse(file, bytes);
        return new PackageFacts(file)
        {
            Name = (root.Text("namespace"), root.Text("name")) is ({ } space, { } name) ? $"{space}.{name}" : root.Text("name"),
            Version = root.Text("version"),
            Kind = "ansible",
            Description = root.Text("description"),
            Dependencies = [.. root.Map("dependencies").Select(entry => new PackageDependency(entry.Key, entry.Value))],
        };
    }
}
