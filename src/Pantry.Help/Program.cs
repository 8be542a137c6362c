// Writes what Get-Help shows: `Pantry.Help <module assembly> <engine assembly> <directory of pages> <help file>`.
using Pantry.Help;

if (args is not [var assembly, var engine, var pages, var output])
{
    Console.Error.WriteLine("usage: Pantry.Help <module assembly> <engine assembly> <directory of pages> <help file>");
    return 2;
}

try
{
    DocComments comments = DocComments.Beside(assembly);
    IReadOnlyList<CmdletDescription> cmdlets = new CmdletReader(assembly, engine, comments).Read();
    MamlFile.Write(output, cmdlets, HelpPages.Read(pages, cmdlets));
    return 0;
}
catch (HelpException error)
{
    // The form in which MSBuild shows an error at its place.
    Console.Error.WriteLine($"{error.Place}: error PANTRYHELP: {error.Message}");
    return 1;
}
