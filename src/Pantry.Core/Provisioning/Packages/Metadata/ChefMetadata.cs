using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pantry.Provisioning.Packages.Metadata;

/// <summary>
/// The <c>metadata.json</c> of a Chef cookbook, or its <c>metadata.rb</c>. Of that only plain lines are read, such as
/// <c>depends 'nginx', '~&gt; 1.0'</c>: it is a program, and is never run.
/// </summary>
internal sealed partial class ChefMetadata : IMetadataReader
{
    private const string Json = "metadata.json", Ruby = "metadata.rb";

    // metadata.json is what Chef makes of metadata.rb.
    public string? FileAmong(IReadOnlyCollection<string> files) => files.Contains(Json) ? Json : files.Contains(Ruby) ? Ruby : null;

    public PackageFacts? Read(string file, byte[] bytes) => file == Json ? ReadJson(bytes) : ReadRuby(bytes);

    private static PackageFacts ReadJson(byte[] bytes)
    {
        JsonElement root = MetadataJson.Read(Json, bytes);
        return new PackageFacts(Json)
        {
            Name = root.Text("name"),
            Version = root.Text("version"),
            Kind = "chef",
            Description = root.Text("description"),
            Dependencies = root.TryGetProperty("dependencies", out JsonElement needed) && needed.ValueKind == JsonValueKind.Object
                ? [.. needed.EnumerateObject().Select(one => new PackageDependency(one.Name, Range(one.Name, one.Value.ValueKind == JsonValueKind.String ? one.Value.GetString() : null, Json)))]
                : [],
        };
    }

    private static PackageFacts ReadRuby(byte[] bytes)
    {
        var facts = new PackageFacts(Ruby) { Kind = "chef" };
        var needed = new List<PackageDependency>();
        foreach (Match line in PlainLine().Matches(Encoding.UTF8.GetString(bytes)))
        {
            string[] values = [.. line.Groups["value"].Captures.Select(capture => capture.Value)];
            // What Ruby would still work on is not plain.
            if (line.Groups["value"].Captures.Any(capture => capture.Value.Contains("#{", StringComparison.Ordinal)))
                continue;
            facts = line.Groups["word"].Value switch
            {
                "name" => facts with { Name = values[0] },
                "version" => facts with { Version = values[0] },
                "description" => facts with { Description = values[0] },
                _ => facts,
            };
            if (line.Groups["word"].Value == "depends")
                needed.Add(new PackageDependency(values[0], Range(values[0], values.Length > 1 ? string.Join(',', values.Skip(1)) : null, Ruby)));
        }

        return facts with { Dependencies = needed };
    }

    private static string Range(string name, string? text, string file) => VersionRange.TryParse(text ?? "*", text is null or "*" ? RangeDialect.Npm : RangeDialect.Chef)?.Text
        ?? throw new PantryException(PantryErrorCode.InvalidArgument, $"'{file}' depends on '{DisplayText.Clean(name, 80)}' in the versions '{DisplayText.Clean(text, 80)}', which is no range of Chef's.") { Target = file };

    [GeneratedRegex("""^[ \t]*(?<word>name|version|description|depends)[ \t]*\(?[ \t]*(?:(?<quote>['"])(?<value>[^'"\r\n]*)\k<quote>[ \t]*,?[ \t]*)+\)?[ \t]*(?:\#.*)?\r?$""", RegexOptions.Multiline | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PlainLine();
}
