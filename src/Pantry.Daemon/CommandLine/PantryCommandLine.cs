using System.CommandLine;

namespace Pantry.Daemon.CommandLine;

/// <summary>All commands of the program.</summary>
internal static class PantryCommandLine
{
    public static RootCommand Create(Terminal terminal, OutputOptions output)
    {
        var connection = new ConnectionOptions();
        var root = new RootCommand("Pantry: orders for many machines, and exactly one result from each.");
        connection.AddTo(root);
        output.AddTo(root);
        foreach (Command command in (Command[])
        [
            ServerVerb.Create(terminal), ClientVerb.Create(terminal, connection), StatusVerb.Create(terminal, connection), ClientsVerb.Create(terminal, connection),
            SendVerb.Create(terminal, connection), JobsVerb.Create(terminal, connection), EnrollVerb.Create(terminal, connection), EnrollmentsVerb.Create(terminal, connection),
            .. DecisionVerbs.Create(terminal, connection), OperatorsVerb.Create(terminal, connection), RootKeyVerb.Create(terminal), ConfigVerb.Create(terminal), VersionVerb.Create(terminal), CompletionVerb.Create(terminal),
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
