using Pantry.Configuration;
using YamlDotNet.RepresentationModel;

namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>The <c>meta/main.yml</c> of an Ansible role, which says no version.</summary>
internal sealed class AnsibleRoleMetadata : IMetadataReader
{
    private static readonly string[] FileNames = ["meta/main.yml", "meta/main.yaml"];

    public string? FileAmong(IReadOnlyCollection<string> files) => FileNames.FirstOrDefault(files.Contains);

    public PackageFacts Read(string file, byte[] bytes)
    {
        YamlSection root = YamlDocumentFile.Parse(file, bytes);
        YamlSection galaxy = root.Section("galaxy_info");
        return new PackageFacts(file)
        {
            Name = galaxy.Text("role_name") is { } name ? galaxy.Text("namespace") is { } space ? $"{space}.{name}" : name : null,
            Kind = "ansible",
            Description = galaxy.Text("description"),
            Dependencies = root.Node("dependencies") is YamlSequenceNode needed ? [.. needed.Select(item => Dependency(file, item))] : [],
        };
    }

    // A word, or a mapping with the role's name and perhaps its version.
    private static PackageDependency Dependency(string file, YamlNode item) => item switch
    {
        YamlScalarNode { Value: { Length: > 0 } name } => new PackageDependency(name, "*"),
        YamlMappingNode map => Named(new YamlSection(file, "dependencies", map)),
        _ => throw YamlDocumentFile.Error(file, item.Start, "a dependency must be a role's name"),
    };

    private static PackageDependency Named(YamlSection item) =>
        new(item.Text("role") ?? item.Text("name") ?? item.Text("src") ?? "", item.Text("version") ?? "*");
}
