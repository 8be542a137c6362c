using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.RegularExpressions;
using Pantry.PowerShell.Tests.Engine;

namespace Pantry.PowerShell.Tests.Help;

public sealed partial class MentionTests
{
    [Fact]
    public void Pages_and_topics_speak_of_cmdlets_and_parameters_that_there_are()
    {
        using Session session = Session.Open();
        var cmdlets = session.Run("Get-Command -Module Pantry").Clean().Select(item => (CommandInfo)item!.BaseObject)
            .ToDictionary(cmdlet => cmdlet.Name, StringComparer.OrdinalIgnoreCase);
        string[] wrong = [.. Texts().SelectMany(file => Wrong(File.ReadAllText(file), cmdlets).Select(what => $"{Path.GetRelativePath(Places.Root, file)}: {what}"))];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    private static IEnumerable<string> Texts() =>
    [
        Path.Combine(Places.Root, "README.md"),
        .. Directory.EnumerateFiles(Path.Combine(Places.Root, "docs"), "*.md"),
        .. Directory.EnumerateFiles(Path.Combine(Places.Root, "src", "Pantry.PowerShell", "Help"), "*", SearchOption.AllDirectories),
    ];

    private static IEnumerable<string> Wrong(string text, Dictionary<string, CommandInfo> cmdlets)
    {
        foreach (string name in Names().Matches(text).Select(match => match.Value).Distinct().Where(name => !cmdlets.ContainsKey(name)))
            yield return $"there is no {name}";
        // A parameter by itself is one of some cmdlet.
        foreach (string name in Parameters().Matches(text).Select(match => match.Groups["name"].Value).Distinct().Where(name => !cmdlets.Values.Any(cmdlet => cmdlet.Parameters.ContainsKey(name))))
            yield return $"no cmdlet has -{name}";
        foreach (CommandAst command in Snippets().Matches(text).SelectMany(match => Commands(match.Groups["block"].Value + match.Groups["inline"].Value)))
        {
            if (command.GetCommandName() is not { } name || !cmdlets.TryGetValue(name, out CommandInfo? cmdlet))
                continue;
            foreach (CommandParameterAst parameter in command.CommandElements.OfType<CommandParameterAst>())
            {
                // As the engine takes it: a beginning is enough.
                if (!cmdlet.Parameters.Any(known => known.Key.StartsWith(parameter.ParameterName, StringComparison.OrdinalIgnoreCase) || known.Value.Aliases.Contains(parameter.ParameterName, StringComparer.OrdinalIgnoreCase)))
                    yield return $"{name} has no -{parameter.ParameterName}";
            }
        }
    }

    // What stands in quotes is not always a script; what cannot be read as one names no parameters.
    private static IEnumerable<CommandAst> Commands(string code) =>
        Parser.ParseInput(code, out _, out _).FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>();

    [GeneratedRegex(@"\b[A-Z][a-z]+-Pantry[A-Z][A-Za-z]+\b")]
    private static partial Regex Names();

    [GeneratedRegex(@"`-(?<name>[A-Z][A-Za-z]+)\b[^`\r\n]*`|^ {4}-(?<name>[A-Z][A-Za-z]+)\b", RegexOptions.Multiline)]
    private static partial Regex Parameters();

    [GeneratedRegex(@"^```powershell\r?\n(?<block>.*?)^```|`(?<inline>[^`\r\n]+)`|^ {8,}(?<inline>[^\r\n]+)$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Snippets();
}
