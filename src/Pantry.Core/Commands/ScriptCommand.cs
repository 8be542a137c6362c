using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using Pantry.Protocol;

namespace Pantry.Commands;

/// <summary>
/// Runs a PowerShell script block in a PowerShell of its own process. A client that is hosted in PowerShell has another
/// command of this name, which runs it in a clean runspace.
/// </summary>
internal sealed class ScriptCommand : ICommand
{
    public const string CommandName = "Script";

    /// <summary>Levels of properties that values keep at most.</summary>
    public const int MaxDepth = 16;

    private const int NotThere = 2;

    private static readonly string[] Programs = OperatingSystem.IsWindows() ? ["pwsh.exe", "powershell.exe"] : ["pwsh"];

    public string Name => CommandName;

    public bool CanRunAs => true;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        string boundary = $"pantry-{Guid.NewGuid():N}";
        foreach (string program in Programs)
        {
            ProcessStartInfo start = StartInfo(program);
            if (RunAsUser.Apply(start, context) is { } refusal)
                return refusal;
            using var child = new ChildProcess(start, context.JobId, context.Options);
            try
            {
                child.Start();
            }
            catch (Win32Exception exception) when (exception.NativeErrorCode == NotThere)
            {
                continue;
            }
            catch (Win32Exception exception)
            {
                return CommandOutcome.Failed("ProgramNotStarted", $"'{program}' could not be started: {exception.Message}.");
            }

            // The script's records come last, behind a mark that nobody can guess; what is before it was written to the console.
            // In base64 they are larger than what the child counts against the cap.
            using CappedOutput answer = new(2 * context.Options.OutputBytes), records = new(context.Options.OutputBytes);
            var marked = new MarkedAnswer(Encoding.ASCII.GetBytes(boundary), records, answer);
            using var output = new CappedOutput(context.Options.OutputBytes, marked);
            context.Live?.Attach(Result.OutputBody, records);
            ChildOutcome outcome = await child.WaitAsync(Request(context, boundary), output, context.Live, cancellation).ConfigureAwait(false);
            return ToOutcome(outcome, marked.Answer);
        }

        return CommandOutcome.Failed("NoPowerShell",
            $"This client found no {string.Join(" or ", Programs)} on its PATH to run the script in a process of its own, as it must "
            + (context.RunAs is null ? "where it is not hosted in PowerShell." : "to run it as another user.") + " Install PowerShell 7.6 there, or send a shell command.");
    }

    // The script and its values travel over standard input: a command line can be read by every user of the machine.
    private static ProcessStartInfo StartInfo(string program)
    {
        var start = new ProcessStartInfo { FileName = program };
        string bootstrap = Convert.ToBase64String(Encoding.Unicode.GetBytes(ScriptHostSource.Text));
        foreach (string argument in (ReadOnlySpan<string>)["-NoLogo", "-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand", bootstrap])
            start.ArgumentList.Add(argument);
        start.Environment["NO_COLOR"] = "1";
        start.Environment["TERM"] = "dumb";
        return start;
    }

    private static byte[] Request(CommandContext context, string boundary) =>
        Encoding.ASCII.GetBytes($"{boundary}\n{context.Options.OutputBytes}\n{Convert.ToBase64String(context.Arguments)}\n{Secrets(context)}\n{(context.Live is null ? "" : "Live")}\n");

    private static string Secrets(CommandContext context) => string.Join(',', context.Secrets
        .Where(secret => secret.Key != RunAsUser.PasswordSecret)
        .Select(secret => $"{Convert.ToBase64String(Encoding.UTF8.GetBytes(secret.Key))}:{Convert.ToBase64String(secret.Value)}"));

    private static CommandOutcome ToOutcome(ChildOutcome outcome, byte[]? answer)
    {
        if (answer is null)
        {
            return CommandOutcome.Failed("PowerShellFailed", $"PowerShell ended with exit code {outcome.ExitCode} before the script did.") with
            {
                ExitCode = outcome.ExitCode,
                StandardOutput = outcome.StandardOutput,
                StandardError = outcome.StandardError,
                Truncated = outcome.Truncated,
            };
        }

        string[] lines = Encoding.ASCII.GetString(answer).Split('\n', StringSplitOptions.TrimEntries);
        bool failed = lines.Length < 3 || lines[1] != "Succeeded";
        return new CommandOutcome
        {
            Status = failed ? CommandStatus.Failed : CommandStatus.Succeeded,
            Error = failed ? new CommandError("ScriptFailed", ScriptHostSource.Decode(lines.ElementAtOrDefault(2)) is { Length: > 0 } why ? why : "The script failed.") : null,
            ExitCode = int.TryParse(lines.ElementAtOrDefault(3), out int exitCode) ? exitCode : null,
            Truncated = outcome.Truncated || lines.ElementAtOrDefault(4) == "Truncated",
            StandardOutput = outcome.StandardOutput,
            StandardError = outcome.StandardError,
            Output = Convert.FromBase64String(lines.ElementAtOrDefault(5) ?? ""),
            Format = BodyFormat.Clixml,
        };
    }
}
