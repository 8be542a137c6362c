using System.Management.Automation.Language;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Help;

public sealed class ExampleTests(Setting shared) : IClassFixture<Setting>
{
    // These leave the setting as other examples need it, so they have none of their own.
    private static readonly string[] Harmless = ["Compare-", "Get-", "Group-", "Receive-", "Save-", "Send-", "Test-", "Wait-", "Watch-"];

    // Of modules that the engine has not got by itself: what needs them is tried by tests/Pester alone.
    private static readonly string[] Elsewhere = ["ConvertTo-SecureString"];

    public static TheoryData<string, int> All()
    {
        var all = new TheoryData<string, int>();
        foreach ((string cmdlet, string[] examples) in HelpFile.Examples())
        {
            for (int number = 1; number <= examples.Length; number++)
                all.Add(cmdlet, number);
        }

        return all;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task An_example_of_the_help_works_as_it_is_written(string cmdlet, int number)
    {
        string code = HelpFile.Examples()[cmdlet][number - 1];
        Assert.SkipWhen(Commands(code).Intersect(Elsewhere).Any(), "It needs a module that is not there; tests/Pester tries it.");
        Assert.SkipWhen(OperatingSystem.IsWindows() && cmdlet.Contains("Provision", StringComparison.Ordinal), "The package that is applied is a script of Unix.");
        if (cmdlet == "Edit-PantryApplication")
        {
            await TryInProcessOfItsOwnAsync(code);
            return;
        }

        if (Harmless.Any(verb => cmdlet.StartsWith(verb, StringComparison.Ordinal)))
        {
            shared.Try(code);
            return;
        }

        using var own = new Setting();
        own.Try(code);
    }

    [Fact]
    public void Examples_use_the_cmdlet_that_they_are_examples_of()
    {
        foreach ((string cmdlet, string[] examples) in HelpFile.Examples())
            Assert.All(examples, code => Assert.Contains(cmdlet, Commands(code)));
    }

    // An editor is named in the environment, which all of a process share.
    private static async Task TryInProcessOfItsOwnAsync(string code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The editor that changes nothing is a program of Unix.");
        string root = Directory.CreateTempSubdirectory("pantry-example-").FullName;
        try
        {
            (int exitCode, _, string error) = await EngineProcess.RunAsync($"""
                $ErrorActionPreference = 'Stop'
                $env:VISUAL = ''; $env:EDITOR = 'true'
                Import-Module '{Places.Manifest}'
                . '{Setting.Script}' -Root '{root}/here'
                {code}
                Remove-Module Pantry
                """);
            Assert.Equal((0, ""), (exitCode, error));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static IEnumerable<string> Commands(string code)
    {
        ScriptBlockAst script = Parser.ParseInput(code, out _, out ParseError[] errors);
        Assert.Empty(errors);
        return script.FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Select(ast => ((CommandAst)ast).GetCommandName()).OfType<string>();
    }
}
