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

    private static readonly string[] Programs = OperatingSystem.IsWindows() ? ["pwsh.exe", "powershell.exe"] : ["pwsh"];

    public string Name => CommandName;

    public async Task<CommandOutcome> RunAsync(CommandContext context, CancellationToken cancellation)
    {
        string boundary = $"pantry-{Guid.NewGuid():N}";
        foreach (string program in Programs)
        {
            using var child = new ChildProcess(StartInfo(program), context.JobId, context.Options);
            try
            {
                child.Start();
            }
            catch (Win32Exception)
            {
                continue;
            }

            ChildOutcome outcome = await child.WaitAsync(
                // Room for the records in base64 beside what the script writes to the console.
                Request(context, boundary), 3 * context.Options.OutputBytes, cancellation).ConfigureAwait(false);
            return ToOutcome(outcome, boundary);
        }

        return CommandOutcome.Failed("NoPowerShell",
            "This client is not hosted in PowerShell and found neither " + string.Join(" nor ", Programs)
            + " on its PATH. Install PowerShell 7.6 there, or send a shell command.");
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
        Encoding.ASCII.GetBytes($"{boundary}\n{context.Options.OutputBytes}\n{Convert.ToBase64String(context.Arguments)}\n");

    private static CommandOutcome ToOutcome(ChildOutcome outcome, string boundary)
    {
        // The script's records come last, between two boundary lines; what is before them was written to the console.
        byte[] mark = Encoding.ASCII.GetBytes(boundary);
        ReadOnlySpan<byte> written = outcome.StandardOutput;
        int start = written.IndexOf(mark);
        if (start < 0)
        {
            return CommandOutcome.Failed("PowerShellFailed", $"PowerShell ended with exit code {outcome.ExitCode} before the script did.") with
            {
                ExitCode = outcome.ExitCode,
                StandardOutput = outcome.StandardOutput,
                StandardError = outcome.StandardError,
                Truncated = outcome.Truncated,
            };
        }

        string[] lines = Encoding.ASCII.GetString(written[start..]).Split('\n', StringSplitOptions.TrimEntries);
        bool failed = lines.Length < 3 || lines[1] != "Succeeded";
        return new CommandOutcome
        {
            Status = failed ? CommandStatus.Failed : CommandStatus.Succeeded,
            Error = failed ? new CommandError("ScriptFailed", ScriptHostSource.Decode(lines.ElementAtOrDefault(2)) is { Length: > 0 } why ? why : "The script failed.") : null,
            ExitCode = int.TryParse(lines.ElementAtOrDefault(3), out int exitCode) ? exitCode : null,
            Truncated = outcome.Truncated || lines.ElementAtOrDefault(4) == "Truncated",
            StandardOutput = written[..Math.Max(0, start - 1)].ToArray(),
            StandardError = outcome.StandardError,
            Output = Convert.FromBase64String(lines.ElementAtOrDefault(5) ?? ""),
            Format = BodyFormat.Clixml,
        };
    }
}
