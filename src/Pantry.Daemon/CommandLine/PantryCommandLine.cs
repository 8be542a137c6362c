using System.CommandLine;

namespace Pantry.Daemon.CommandLine;

/// <summary>All commands of the program.</summary>
internal static class PantryCommandLine
{
    public static RootCommand Create(Terminal terminal)
    {
        var common = new CommonOptions();
        var root = new RootCommand("Pantry: orders for many machines, and exactly one result from each.");
        common.AddTo(root);
        foreach (Command command in (Command[])
        [
            ServerVerb.Create(terminal), ClientVerb.Create(terminal, common), StatusVerb.Create(terminal, common), ClientsVerb.Create(terminal, common),
            SendVerb.Create(terminal, common), JobsVerb.Create(terminal, common), EnrollVerb.Create(terminal, common), EnrollmentsVerb.Create(terminal, common), .. DecisionVerbs.Create(terminal, common),
            OperatorsVerb.Create(terminal, common), RootKeyVerb.Create(terminal, common), ConfigVerb.Create(terminal, common), VersionVerb.Create(terminal, common), CompletionVerb.Create(terminal),
        ])
        {
            root.Subcommands.Add(command);
        }

        RefuseEmpty(root);
        return root;
    }

    // An option that is given with a variable in which there is nothing would be passed over, or mean something else.
    private static void RefuseEmpty(Command command)
    {
        foreach (Option option in command.Options.Where(option => option.ValueType == typeof(string) || option.ValueType == typeof(string[])))
        {
            char[] nothing = option.ValueType == typeof(string) ? [' ', '\t'] : [' ', '\t', ','];
            option.Validators.Add(result =>
            {
                if (result.Tokens.Any(token => token.Value.AsSpan().Trim(nothing).IsEmpty))
                    result.AddError($"{option.Name} is empty. Give it a value, or leave it out.");
            });
        }

        foreach (Command inner in command.Subcommands)
            RefuseEmpty(inner);
    }
}
