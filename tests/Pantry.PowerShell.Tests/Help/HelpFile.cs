using System.Xml.Linq;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Help;

/// <summary>The help of the cmdlets as the build wrote it.</summary>
internal static class HelpFile
{
    public static string Path { get; } = System.IO.Path.Combine(Places.Root, "bin", "en-US", "Pantry.PowerShell.dll-Help.xml");

    /// <summary>Code of the examples of every cmdlet, in the order in which they are shown.</summary>
    public static IReadOnlyDictionary<string, string[]> Examples() => XDocument.Load(Path).Root!.Elements().ToDictionary(
        command => command.Descendants().First(element => element.Name.LocalName == "name").Value,
        command => command.Descendants().Where(element => element.Name.LocalName == "code").Select(code => code.Value).ToArray());
}
