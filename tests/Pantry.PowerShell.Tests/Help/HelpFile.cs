using System.Xml.Linq;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Help;

/// <summary>The help of the cmdlets as the build wrote it.</summary>
internal static class HelpFile
{
    public static string Path { get; } = System.IO.Path.Combine(Places.Root, "bin", "en-US", "Pantry.PowerShell.dll-Help.xml");

    /// <summary>Code of the examples of every cmdlet, in the order in which they are shown.</summary>
    public static IReadOnlyDictionary<string, string[]> Examples() => Of("code");

    /// <summary>Where every cmdlet's help leads to.</summary>
    public static IReadOnlyDictionary<string, string[]> Links() => Of("linkText");

    private static Dictionary<string, string[]> Of(string name) => XDocument.Load(Path).Root!.Elements().ToDictionary(
        command => command.Descendants().First(element => element.Name.LocalName == "name").Value,
        command => command.Descendants().Where(element => element.Name.LocalName == name).Select(found => found.Value).ToArray());
}
