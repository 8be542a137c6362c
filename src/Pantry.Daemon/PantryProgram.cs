using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;
using Pantry.Daemon.CommandLine;

namespace Pantry.Daemon;

/// <summary>The program: reads the command line, carries it out, and turns whatever goes wrong into a line and an exit code.</summary>
internal static partial class PantryProgram
{
    public static async Task<ExitCode> RunAsync(string[] arguments, Terminal terminal)
    {
        var output = new OutputOptions();
        ParseResult parsed = PantryCommandLine.Create(terminal, output).Parse(arguments);
        if (parsed.Action is ParseErrorAction)
        {
            // A word that is no command says more than that a command is missing.
            string[] errors = [.. parsed.Errors.Select(error => Said(error.Message)).Distinct()];
            foreach (string error in parsed.UnmatchedTokens.Count > 0 && errors.Length > 1 ? errors[1..] : errors)
                terminal.Error($"pantry: {error}");
            terminal.Error($"'{Path(parsed)} --help' says what there is.");
            return ExitCode.Usage;
        }

        // Help is given in spite of errors.
        if (parsed.Errors.Count == 0)
            output.Apply(parsed, terminal);
        using var interrupt = new Interrupt();
        try
        {
            return (ExitCode)await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interrupt.Token);
        }
        catch (PantryException exception)
        {
            terminal.Error(exception);
            return ExitCodes.Of(exception.Code);
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            terminal.Error($"pantry: {exception.Message}");
            return ExitCode.LocalFault;
        }
        catch (Exception exception)
        {
            terminal.Error($"pantry: an error inside Pantry: {exception.GetType().Name}: {exception.Message} (InternalError)");
            return ExitCode.Internal;
        }
    }

    // What the parser says of a value names a type of the program, and the choices on lines of their own.
    private static string Said(string message)
    {
        if (ValueFault().Match(message) is not { Success: true } fault)
            return message;
        string[] choices = fault.Groups["choices"].Value.Split(['\n', '\r', '\t', '\''], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string what = choices.Length > 0 ? $"one of {string.Join(", ", choices)}" : fault.Groups["type"].Value is "System.Int32" ? "a whole number" : "another value";
        return $"{(fault.Groups["name"] is { Success: true } name ? $"'{name.Value}'" : "An argument")} is '{fault.Groups["value"].Value}'; it must be {what}.";
    }

    [GeneratedRegex(
        @"\A(?:Cannot parse argument '(?<value>.*)' for (?:option|command|argument) '(?<name>[^']+)' as expected type '(?<type>[^']+?)(?:`.*)?'\.(?:\s*Did you mean one of the following\?(?<choices>.*))?|Argument '(?<value>.*)' not recognized\. Must be one of:(?<choices>.*))\z",
        RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex ValueFault();

    private static string Path(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.CommandResult? command = parsed.CommandResult; command is not null; command = command.Parent as System.CommandLine.Parsing.CommandResult)
            names.Insert(0, command.Command is RootCommand ? "pantry" : command.Command.Name);
        return string.Join(' ', names);
    }
}
