using System.Diagnostics;
using System.Management.Automation;
using System.Xml.Linq;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Help;

public sealed class HelpToolTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("pantry-pages-").FullName;

    [Fact]
    public async Task A_page_becomes_description_examples_and_links()
    {
        Write("Get-PantryClient", """
            One paragraph
            on two lines, with `code`.

            - an item
            - another

            ## Example: First

            ```powershell
            # A comment, which is no heading.
            Get-PantryClient
            ```

            What is said of it.

            ## Links

            - Test-PantryClient
            - about_Pantry
            """);
        Assert.Equal((0, ""), await RunAsync());
        XElement command = XDocument.Load(Output).Root!.Elements().Single(command => Of(command, "name").First() == "Get-PantryClient");
        Assert.Equal(["One paragraph on two lines, with code.", "- an item", "- another"], command.Elements().First(element => element.Name.LocalName == "description").Elements().Skip(1).Select(paragraph => paragraph.Value));
        Assert.Equal(["# A comment, which is no heading.\nGet-PantryClient"], Of(command, "code"));
        Assert.Contains("Example 1: First", Of(command, "title").Single(), StringComparison.Ordinal);
        Assert.Equal(["What is said of it."], Of(command, "remarks"));
        Assert.Equal(["Test-PantryClient", "about_Pantry"], Of(command, "linkText"));
    }

    [Theory]
    [InlineData("Get-PantryNothing", "", ": error PANTRYHELP: There is no cmdlet 'Get-PantryNothing'.")]
    [InlineData("Get-PantryClient", "Text\n\n## Exmaple: x\n", "(3): error PANTRYHELP: '## Exmaple: x' is no heading of a page.")]
    [InlineData("Get-PantryClient", "## Example: Nothing to run\n\nText\n", "(1): error PANTRYHELP: The example 'Nothing to run' must have one block of code")]
    [InlineData("Get-PantryClient", "## Example: Empty\n\n```powershell\n```\n", "(1): error PANTRYHELP: The example 'Empty' must have one block of code")]
    [InlineData("Get-PantryClient", "## Example: Open\n\n```powershell\nGet-PantryClient\n", "(1): error PANTRYHELP: The example 'Open' must have one block of code")]
    [InlineData("Get-PantryClient", "## Example: Before\n\nText\n\n```powershell\nGet-PantryClient\n```\n", "(2): error PANTRYHELP: What is said of the example 'Before' belongs behind its code.")]
    public async Task A_page_with_a_mistake_is_named_with_its_line(string cmdlet, string text, string error)
    {
        Write(cmdlet, text);
        (int exitCode, string said) = await RunAsync();
        Assert.Equal(1, exitCode);
        Assert.StartsWith(Path.Combine(_root, $"{cmdlet}.md") + error, said, StringComparison.Ordinal);
        Assert.False(File.Exists(Output));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private string Output => Path.Combine(_root, "out", "help.xml");

    private void Write(string cmdlet, string text) => File.WriteAllText(Path.Combine(_root, $"{cmdlet}.md"), text);

    private async Task<(int ExitCode, string Error)> RunAsync()
    {
        using Process tool = Process.Start(new ProcessStartInfo("dotnet", [Places.HelpTool, Places.ModuleAssembly, typeof(PSObject).Assembly.Location, _root, Output]) { RedirectStandardError = true })!;
        string error = await tool.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Session.Deadline, TestContext.Current.CancellationToken);
        await tool.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(Session.Deadline, TestContext.Current.CancellationToken);
        return (tool.ExitCode, error.Trim());
    }

    private static IEnumerable<string> Of(XElement command, string name) => command.Descendants().Where(element => element.Name.LocalName == name).Select(element => element.Value);
}
