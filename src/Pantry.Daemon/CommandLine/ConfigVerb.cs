using System.CommandLine;
using Pantry.Configuration;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry config check</c>: says what is wrong with a configuration file.</summary>
internal static class ConfigVerb
{
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("file") { Description = "The configuration file." };
        var check = new Command("check", "Checks a configuration file. Exit code 2 says that it has an error.") { file };
        check.Does((parsed, _) =>
        {
            string path = Path.GetFullPath(parsed.GetValue(file)!);
            ConfigurationFile.LoadServer(path);
            ConfigurationFile.LoadClient(path);
            terminal.Write($"{path}: valid");
            return Task.FromResult(ExitCode.Success);
        });
        return new Command("config", "Configuration files.") { check };
    }
}
