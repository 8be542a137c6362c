using System.Xml.Linq;

namespace Pantry.Help;

/// <summary>Writes the file in which Get-Help looks for the cmdlets of an assembly.</summary>
internal static class MamlFile
{
    private static readonly XNamespace Items = "http://msh";

    public static void Write(string file, IReadOnlyList<CmdletDescription> cmdlets, IReadOnlyDictionary<string, HelpPage> pages)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        new XDocument(
            new XComment(" Written by the build from the comments in src/Pantry.PowerShell and the pages in src/Pantry.PowerShell/Help. "),
            new XElement(
                Items + "helpItems", new XAttribute("schema", "maml"),
                cmdlets.Select(cmdlet => MamlCommand.Of(cmdlet, pages.GetValueOrDefault(cmdlet.Name, HelpPage.Empty))))).Save(file);
    }
}
