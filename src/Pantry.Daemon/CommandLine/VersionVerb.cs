using System.CommandLine;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry version</c>.</summary>
internal static class VersionVerb
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("version", "Says which version this is.");
        command.Does((_, _) =>
        {
            terminal.WriteRaw(PantryVersion.Current);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
