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
            SendVerb.Create(terminal, common), JobsVerb.Create(terminal, common), EnrollVerb.Create(terminal, common), .. DecisionVerbs.Create(terminal, common),
            OperatorsVerb.Create(terminal, common), RootKeyVerb.Create(terminal, common), ConfigVerb.Create(terminal, common), VersionVerb.Create(terminal, common), CompletionVerb.Create(terminal),
        ])
        {
            root.Subcommands.Add(command);
        }

        return root;
    }
}
