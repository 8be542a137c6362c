using System.Management.Automation;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Help;

public sealed class CmdletHelpTests
{
    [Fact]
    public void Every_cmdlet_has_a_synopsis_a_description_what_goes_in_and_out_and_two_examples()
    {
        using Session session = Session.Open();
        IReadOnlyList<PSObject?> cmdlets = session.Run("Get-Command -Module Pantry").Clean();
        Assert.NotEmpty(cmdlets);
        foreach (string name in cmdlets.Select(cmdlet => cmdlet.Text("Name")))
        {
            PSObject? help = session.Run($"""
                $help = Get-Help {name}
                [pscustomobject]@{"{"}
                    Synopsis = $help.Synopsis
                    Description = ($help.description | ForEach-Object Text) -join ' '
                    Syntax = @($help.syntax.syntaxItem).Count
                    Inputs = @($help.inputTypes.inputType | ForEach-Object {"{"} $_.type.name {"}"}) -join ' '
                    Outputs = @($help.returnValues.returnValue | ForEach-Object {"{"} $_.type.name {"}"}) -join ' '
                    Examples = @($help.examples.example | ForEach-Object {"{"} "$($_.title)$($_.remarks | ForEach-Object Text)" {"}"})
                    Sets = (Get-Command {name}).ParameterSets.Count
                {"}"}
                """).Clean().Single();
            Assert.True(help.Text("Synopsis") is { Length: > 10 } synopsis && synopsis.EndsWith('.') && !synopsis.Contains(name, StringComparison.Ordinal), $"{name}: {help.Text("Synopsis")}");
            Assert.True(help.Text("Description").Length > 20, name);
            Assert.True(help.Text("Sets") == help.Text("Syntax"), $"{name}: {help.Text("Syntax")} ways to write it, not {help.Text("Sets")}");
            Assert.True(help.Text("Inputs").Trim().Length > 0 && help.Text("Outputs").Trim().Length > 0, name);
            Assert.True(help.List("Examples").Length >= 2, $"{name} has {help.List("Examples").Length} examples, and needs two.");
        }
    }

    [Fact]
    public void Every_parameter_is_described()
    {
        using Session session = Session.Open();
        Assert.Empty(session.Run("""
            foreach ($cmdlet in Get-Command -Module Pantry) {
                $described = @{}
                (Get-Help $cmdlet.Name).parameters.parameter | ForEach-Object { $described[$_.name] = ($_.description | ForEach-Object Text) -join ' ' }
                foreach ($name in $cmdlet.Parameters.Keys) {
                    if ($name -notin [System.Management.Automation.Cmdlet]::CommonParameters -and "$($described[$name])".Length -lt 10) { "$($cmdlet.Name) -$name" }
                }
            }
            """).Clean());
    }

    [Fact]
    public void Links_lead_to_cmdlets_and_topics_that_there_are()
    {
        using Session session = Session.Open();
        Assert.Empty(session.Run("""
            foreach ($cmdlet in Get-Command -Module Pantry) {
                $links = @((Get-Help $cmdlet.Name).relatedLinks.navigationLink | ForEach-Object linkText)
                if ($links.Count -eq 0) { "$cmdlet has none" }
                foreach ($link in $links) {
                    if ($link -eq $cmdlet.Name -or -not (Get-Help $link -ErrorAction Ignore)) { "$cmdlet to $link" }
                }
            }
            """).Clean());
    }

    [Fact]
    public void The_question_mark_shows_the_help()
    {
        using Session session = Session.Open();
        Assert.Equal("Get-PantryClient", session.Run("Get-PantryClient -?").Clean().Single().Text("Name"));
    }

    [Fact]
    public void Get_Help_finds_the_topics()
    {
        using Session session = Session.Open();
        foreach (string topic in new[] { "about_Pantry", "about_Pantry_Targets", "about_Pantry_Security", "about_Pantry_Provisioning" })
            Assert.Contains(topic, session.Run($"Get-Help {topic}").Clean().Single()!.ToString(), StringComparison.Ordinal);
    }
}
