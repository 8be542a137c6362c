using System.CommandLine;
using Pantry.Daemon.Views;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry version</c>.</summary>
internal static class VersionVerb
{
    public static Command Create(Terminal terminal)
    {
        var command = new Command("version", "Says which version this is.");
        command.Does((parsed, _) =>
        {
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(new VersionView(PantryVersion.Current), ViewJson.Default.VersionView);
            else
                terminal.WriteRaw(PantryVersion.Current);
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
