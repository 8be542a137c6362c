using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Pantry.Help;

/// <summary>What the comments in the sources say of types and properties, as plain text.</summary>
internal sealed partial class DocComments
{
    private readonly Dictionary<string, string> _summaries = [];

    /// <summary>The comments of an assembly, and of those beside it.</summary>
    public static DocComments Beside(string assembly)
    {
        var comments = new DocComments();
        string directory = Path.GetDirectoryName(Path.GetFullPath(assembly))!;
        if (!File.Exists(Path.ChangeExtension(assembly, ".xml")))
            throw new HelpException(assembly, "It has no comments beside it. Build it with GenerateDocumentationFile.");
        foreach (string file in Directory.EnumerateFiles(directory, "Pantry.*.xml"))
        {
            foreach (XElement member in XDocument.Load(file).Descendants("member"))
            {
                if (member.Element("summary") is { } summary)
                    comments._summaries[(string)member.Attribute("name")!] = Text(summary);
            }
        }

        return comments;
    }

    /// <summary>What is said of a type; empty where nothing is.</summary>
    public string Of(Type type) => _summaries.GetValueOrDefault($"T:{Name(type)}", "");

    /// <summary>What is said of a property; empty where nothing is.</summary>
    public string Of(PropertyInfo property) => _summaries.GetValueOrDefault($"P:{Name(property.DeclaringType!)}.{property.Name}", "");

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    // A reference to a member is worth its name here: Get-Help shows text alone.
    private static string Text(XElement summary)
    {
        var text = new XElement(summary);
        foreach (XElement reference in text.Descendants().Where(element => element.IsEmpty).ToArray())
        {
            string name = (string?)(reference.Attribute("cref") ?? reference.Attribute("name") ?? reference.Attribute("langword")) ?? "";
            reference.ReplaceWith(name.Split(':')[^1].Split('(')[0].Split('.')[^1]);
        }

        return Spaces().Replace(text.Value, " ").Trim();
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
