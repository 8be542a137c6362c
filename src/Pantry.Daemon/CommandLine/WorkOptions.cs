using System.CommandLine;
using System.Text;
using System.Text.Json;
using Pantry.Commands;
using Pantry.Daemon.Scripts;
using Pantry.Protocol;

namespace Pantry.Daemon.CommandLine;

/// <summary>What clients are to do: a line for a shell, a program with its arguments, or a script; and the secrets that it gets.</summary>
internal sealed class WorkOptions
{
    private readonly Option<string?> _shell = new("--shell") { Description = "A command line for the clients' shell.", HelpName = "line" };
    private readonly Option<string?> _script = new("--script") { Description = "A file with a PowerShell script; '-' reads it from standard input. What is behind -- are its arguments.", HelpName = "file" };
    private readonly Option<int> _depth = new("--depth") { Description = "Levels of properties that a script's output keeps.", DefaultValueFactory = _ => 1, HelpName = "number" };
    private readonly Argument<string[]> _program = new("program") { Description = "Behind --: a program and its arguments, started without a shell.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _directory = new("--directory") { Description = "Directory in which a shell command or a program runs on the clients." };
    private readonly Option<string[]> _secrets = TargetOptions.Many("--secret", null,
        "Names of variables of this environment whose values go along sealed, for the targets alone. A command has them in its own environment, a script as variables that are secure strings.");

    public WorkOptions() => _depth.Validators.Add(result =>
    {
        if (result.Tokens is [var number] && int.TryParse(number.Value, out int depth) && depth is < 1 or > ScriptCommand.MaxDepth)
            result.AddError($"--depth must be a number from 1 to {ScriptCommand.MaxDepth}.");
    });

    public void AddTo(Command command)
    {
        command.Arguments.Add(_program);
        foreach (Option option in (Option[])[_shell, _script, _depth, _directory, _secrets])
            command.Options.Add(option);
    }

    /// <exception cref="PantryException">Nothing to do was given, more than one thing, or what cannot be read.</exception>
    public async Task<Work> ReadAsync(ParseResult parsed, CancellationToken cancellation)
    {
        (string? line, string? script, string? directory) = (parsed.GetValue(_shell), parsed.GetValue(_script), parsed.GetValue(_directory));
        string[] words = parsed.GetValue(_program) ?? [], secrets = [.. (parsed.GetValue(_secrets) ?? []).Distinct(StringComparer.Ordinal)];
        if (script is null)
            return new Work(ShellCommand.CommandName, BodyFormat.Json, ShellArguments(line, words, directory), secrets.ToDictionary(SecretVariables.RequireName, SecretOf, StringComparer.Ordinal));
        if (line is not null)
            throw Invalid("Both --shell and --script were given. Give one of them.");
        if (directory is not null)
            throw Invalid("--directory is for shell commands and programs. Have the script go there with Set-Location.");
        // The values travel under names of their own, and the document says which variable each is.
        string[] values = [.. secrets.Select((_, place) => $"secret/{place}{SecretRedactor.PasswordSuffix}")];
        string text = await StandardInput.ReadAllAsync(_script.Name, script, cancellation);
        // One that was cut off would succeed on every client.
        if (string.IsNullOrWhiteSpace(text))
            throw StandardInput.Invalid(_script.Name, script, "is empty. Give one with a script in it; nothing was sent.");
        byte[] document = ScriptDocument.Write(text, words, secrets.Select(SecretVariables.RequireScriptName).Zip(values), parsed.GetValue(_depth));
        if (document.Length > StandardInput.MaxBytes)
            throw StandardInput.TooLarge(_script.Name, script);
        return new Work(ScriptCommand.CommandName, BodyFormat.Clixml, document, values.Zip(secrets).ToDictionary(pair => pair.First, pair => SecretOf(pair.Second), StringComparer.Ordinal));
    }

    private static byte[] ShellArguments(string? line, string[] program, string? directory)
    {
        if (line is null == (program.Length == 0))
        {
            throw Invalid(line is null
                ? "Nothing to run was given. Give --shell 'line', --script file, or a program and its arguments behind --."
                : "Both --shell and a program were given. Give one of them.");
        }

        return JsonSerializer.SerializeToUtf8Bytes(
            line is not null ? new ShellArguments(line, WorkingDirectory: directory) : new ShellArguments(null, program[0], program[1..], directory),
            CommandJson.Default.ShellArguments);
    }

    // A value on the command line could be read by every user of this machine.
    private static byte[] SecretOf(string name) => Environment.GetEnvironmentVariable(name) is { } value ? Encoding.UTF8.GetBytes(value)
        : throw Invalid($"--secret names '{name}', and there is no such variable in this environment.");

    private static PantryException Invalid(string message) => new(PantryErrorCode.InvalidArgument, message);
}

/// <summary>A command with its arguments and secrets.</summary>
internal sealed record Work(string Command, BodyFormat Format, byte[] Arguments, IReadOnlyDictionary<string, byte[]> Secrets);
