using System.Diagnostics;
using System.Text;

namespace Pantry.Commands;

/// <summary>
/// Runs a command line in the platform's shell, or a program with an array of arguments and no shell at all.
/// </summary>
internal sealed class ShellCommand : ICommand
{
    public const string CommandName = "Shell";

    public string Name => CommandName;

    public bool CanRunAs => true;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        ShellArguments arguments = CommandJson.Read(context, CommandName, CommandJson.Default.ShellArguments);
        if (string.IsNullOrWhiteSpace(arguments.Line) == string.IsNullOrWhiteSpace(arguments.Program))
            return CommandOutcome.Failed("InvalidArgument", "Shell takes either a command line or a program with arguments.");
        // The system would end each at its first zero, and run something else than what was ordered.
        if (((IEnumerable<string?>)[arguments.Line, arguments.Program, arguments.WorkingDirectory, .. arguments.Arguments ?? []]).Any(text => text?.Contains('\0', StringComparison.Ordinal) == true))
            return CommandOutcome.Failed("InvalidArgument", "The command has a zero character in its line, its program, an argument or the working directory, which no command can have. Take it out.");

        ProcessStartInfo start = StartInfo(arguments);
        if (RunAsUser.Apply(start, context) is { } refusal)
            return refusal;
        SecretVariables.Set(start, context.Secrets);
        using var child = new ChildProcess(start, context.JobId, context.Options);
        try
        {
            child.Start();
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
        {
            return CommandOutcome.Failed("ProgramNotStarted",
                $"'{arguments.Program ?? "the shell"}' could not be started: {exception.Message}. Check that it is installed on the client, and the working directory.");
        }

        using var output = new CappedOutput(context.Options.OutputBytes);
        ChildOutcome outcome = await child.WaitAsync([], output, context.Live, cancellation).ConfigureAwait(false);
        bool failed = outcome.ExitCode != 0;
        return new CommandOutcome
        {
            Status = failed ? CommandStatus.Failed : CommandStatus.Succeeded,
            ExitCode = outcome.ExitCode,
            Error = failed ? new CommandError("NonZeroExitCode", $"The command ended with exit code {outcome.ExitCode}.{LastWords(outcome.StandardError, context.Redactor)}") : null,
            StandardOutput = outcome.StandardOutput,
            StandardError = outcome.StandardError,
            Truncated = outcome.Truncated,
            TextEncoding = ChildProcess.ConsoleEncoding,
        };
    }

    /// <summary>The last line of standard error, which most often says why.</summary>
    private static string LastWords(byte[] standardError, SecretRedactor redactor)
    {
        // All of it where there are secrets: one could lie across the cut.
        int from = redactor.IsEmpty ? Math.Max(0, standardError.Length - 2048) : 0;
        string text = redactor.Redact(Encoding.UTF8.GetString(standardError.AsSpan(from))).Trim();
        string last = DisplayText.FirstLine(text[(text.LastIndexOf('\n') + 1)..]);
        return last.Length == 0 ? "" : $" It said: {last}";
    }

    private static ProcessStartInfo StartInfo(ShellArguments arguments)
    {
        var start = new ProcessStartInfo();
        if (arguments.Program is { Length: > 0 } program)
        {
            start.FileName = program;
            foreach (string argument in arguments.Arguments ?? [])
                start.ArgumentList.Add(argument);
        }
        else if (OperatingSystem.IsWindows())
        {
            // With /s, cmd.exe takes off the outer quotes and uses what is between them as it stands.
            start.FileName = Environment.GetEnvironmentVariable("ComSpec") ?? "cmd.exe";
            start.Arguments = $"/d /s /c \"{arguments.Line}\"";
        }
        else
        {
            start.FileName = "/bin/sh";
            start.ArgumentList.Add("-c");
            start.ArgumentList.Add(arguments.Line!);
        }

        if (arguments.WorkingDirectory is { Length: > 0 } directory)
            start.WorkingDirectory = directory;
        return start;
    }
}

/// <param name="Line">A command line for the platform's shell.</param>
/// <param name="Program">Or a program, started without a shell.</param>
/// <param name="Arguments">The program's arguments.</param>
/// <param name="WorkingDirectory">Where to run it.</param>
internal sealed record ShellArguments(string? Line, string? Program = null, IReadOnlyList<string>? Arguments = null, string? WorkingDirectory = null);
