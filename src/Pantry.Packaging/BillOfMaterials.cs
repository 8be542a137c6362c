using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace Pantry.Packaging;

/// <summary>What a package is made of, as CycloneDX 1.6 has it, from what NuGet restored for it.</summary>
internal static class BillOfMaterials
{
    private static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, NewLine = "\n" };

    /// <summary>Reads <c>project.assets.json</c>.</summary>
    /// <param name="sources">What the package is made from.</param>
    /// <param name="name">The package's name.</param>
    /// <param name="assets">The file that restore wrote.</param>
    /// <param name="runtime">The platform of a program that brings its runtime; null for what runs in another program.</param>
    public static string Write(Sources sources, string name, string assets, string? runtime)
    {
        JsonNode restored = JsonNode.Parse(File.ReadAllText(assets))!;
        JsonObject target = restored["targets"]![runtime is null ? "net10.0" : $"net10.0/{runtime}"]!.AsObject();
        string[] folders = [.. restored["packageFolders"]!.AsObject().Select(folder => folder.Key)];
        var components = new SortedDictionary<string, JsonNode>(StringComparer.Ordinal);
        foreach ((string id, JsonNode? package) in target)
        {
            // Reference assemblies and tools of the build are in no package.
            if (package!["type"]!.GetValue<string>() == "package" && Ships(package))
                components[id] = Component(id, restored["libraries"]![id]!, folders);
        }

        if (runtime is not null)
        {
            foreach (JsonNode? pack in restored["project"]!["frameworks"]!["net10.0"]!["downloadDependencies"]!.AsArray())
            {
                string id = pack!["name"]!.GetValue<string>();
                if (id == $"Microsoft.NETCore.App.Runtime.{runtime}")
                {
                    string version = pack["version"]!.GetValue<string>().Trim('[', ']').Split(',')[0];
                    components[$"{id}/{version}"] = Component($"{id}/{version}", new JsonObject { ["path"] = $"{id}/{version}".ToLowerInvariant() }, folders);
                }
            }
        }

        var document = new JsonObject
        {
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["version"] = 1,
            ["metadata"] = new JsonObject
            {
                ["timestamp"] = sources.Moment.ToString("yyyy-MM-ddTHH:mm:ssZ", System.Globalization.CultureInfo.InvariantCulture),
                ["component"] = new JsonObject { ["type"] = "application", ["bom-ref"] = name, ["name"] = name, ["version"] = sources.Version, ["licenses"] = License("MIT") },
            },
            ["components"] = new JsonArray([.. components.Values]),
        };
        return document.ToJsonString(Readable) + "\n";
    }

    private static bool Ships(JsonNode package) => ((string[])["runtime", "native", "runtimeTargets"])
        .Any(kind => package[kind]?.AsObject().Any(file => !file.Key.EndsWith("/_._", StringComparison.Ordinal)) == true);

    private static JsonObject Component(string id, JsonNode library, string[] folders)
    {
        string[] parts = id.Split('/');
        string reference = $"pkg:nuget/{parts[0]}@{parts[1]}";
        var component = new JsonObject { ["type"] = "library", ["bom-ref"] = reference, ["name"] = parts[0], ["version"] = parts[1], ["purl"] = reference };
        if (library["sha512"]?.GetValue<string>() is { } digest)
            component["hashes"] = new JsonArray(new JsonObject { ["alg"] = "SHA-512", ["content"] = Convert.ToHexStringLower(Convert.FromBase64String(digest)) });
        string? description = folders.Select(folder => Path.Combine(folder, library["path"]!.GetValue<string>()))
            .Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*.nuspec")).FirstOrDefault();
        if (description is not null && LicenseOf(description) is { } license)
            component["licenses"] = license;
        return component;
    }

    private static JsonArray? LicenseOf(string description)
    {
        XElement metadata = XDocument.Load(description).Root!.Elements().First(element => element.Name.LocalName == "metadata");
        string? Of(string name) => metadata.Elements().FirstOrDefault(element => element.Name.LocalName == name) is { } element
            && element.Attribute("type")?.Value != "file" ? element.Value : null;
        if (Of("license") is { } expression)
            return License(expression);
        return Of("licenseUrl") is { } url ? new JsonArray(new JsonObject { ["license"] = new JsonObject { ["name"] = "see url", ["url"] = url } }) : null;
    }

    private static JsonArray License(string expression) => new(new JsonObject { ["expression"] = expression });
}
