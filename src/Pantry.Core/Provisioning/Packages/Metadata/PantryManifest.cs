using Pantry.Configuration;

namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>Pantry's own file in a package: it may say all of it, or what the tool's file leaves unsaid.</summary>
internal static class PantryManifest
{
    public const string FileName = "pantry.yaml";

    /// <exception cref="PantryException">The file has an error; the message says where.</exception>
    public static PackageFacts Read(string file, byte[] bytes)
    {
        YamlSection root = YamlDocumentFile.Parse(file, bytes);
        var facts = new PackageFacts(file)
        {
            Name = root.Text("name"),
            Version = root.Text("version"),
            Kind = root.Text("kind"),
            Description = root.Text("description"),
            Dependencies = root.Has("dependencies") ? [.. root.Map("dependencies").Select(entry => new PackageDependency(entry.Key, entry.Value))] : null,
        };
        root.RefuseUnknown();
        return facts;
    }
}
