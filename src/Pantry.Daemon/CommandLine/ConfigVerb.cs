using System.CommandLine;
using Pantry.Configuration.Settings;
using Pantry.Daemon.Views;

namespace Pantry.Daemon.CommandLine;

/// <summary><c>pantry config</c>: says what is wrong with a configuration file, and writes a commented sample.</summary>
internal static class ConfigVerb
{
    public static Command Create(Terminal terminal)
    {
        var files = new Argument<string[]>("file") { Description = "Configuration files.", Arity = ArgumentArity.OneOrMore };
        files.Validators.Add(result =>
        {
            if (result.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)))
                result.AddError("The name of a file is empty.");
        });
        var kind = new Option<ConfigurationKind?>("--kind") { Description = "Whom the files are for; by default client.yaml is a client's and operator.yaml an operator's, and all others are servers'." };
        var check = new Command("check", "Says all that is wrong with configuration files. Exit code 2 says that one has an error.") { files, kind };
        check.Does((parsed, _) =>
        {
            bool[] valid = [.. (parsed.GetValue(files) ?? []).Select(file => Check(terminal, parsed.GetValue(kind) ?? KindOf(file), Path.GetFullPath(file)))];
            return Task.FromResult(valid.All(isValid => isValid) ? ExitCode.Success : ExitCode.Usage);
        });

        var whose = new Argument<ConfigurationKind>("kind") { Description = "Whose: server, client or operator." };
        var sample = new Command("sample", "Writes a commented sample of a configuration file.") { whose };
        sample.Does((parsed, _) =>
        {
            terminal.WriteRaw(SettingsSample.Write(parsed.GetValue(whose)).TrimEnd('\n'));
            return Task.FromResult(ExitCode.Success);
        });
        return new Command("config", "Configuration files.") { check, sample };
    }

    private static bool Check(Terminal terminal, ConfigurationKind kind, string file)
    {
        (IReadOnlyList<ConfigurationFinding> findings, ConfigurationSummary summary) = SettingsFile.Check(kind, file, SettingVariables.OfProcess());
        foreach (ConfigurationFinding finding in findings)
        {
            if (terminal.Format == OutputFormat.Json)
                terminal.WriteJson(finding, ViewJson.Default.ConfigurationFinding);
            else
                terminal.Error($"{finding.Severity}: {finding}");
        }

        if (terminal.Format == OutputFormat.Json)
            terminal.WriteJson(summary, ViewJson.Default.ConfigurationSummary);
        else
            terminal.Write($"{file}: {(summary.IsValid ? "valid" : "not valid")}, {summary.Keys} keys, {summary.Errors} errors, {summary.Warnings} warnings");
        return summary.IsValid;
    }

    private static ConfigurationKind KindOf(string file) => Path.GetFileNameWithoutExtension(file).ToLowerInvariant() switch
    {
        "client" => ConfigurationKind.Client,
        "operator" => ConfigurationKind.Operator,
        _ => ConfigurationKind.Server,
    };
}
