using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;
using Pantry.Commands;
using Pantry.Configuration;

namespace Pantry.Provisioning.Provisioners;

/// <summary>Runs one program of a tool: its output goes into the log and, up to a bound, to who reads the report; ended with all it started.</summary>
internal static class ToolRunner
{
    // What cmd.exe would read as more than a text, in the arguments of a batch file.
    private static readonly SearchValues<char> BatchSpecial = SearchValues.Create("\"%&|<>^!\r\n");

    /// <exception cref="PantryException">It could not be started.</exception>
    /// <exception cref="InterruptedException">It was stopped.</exception>
    public static async Task<ToolRun> RunAsync(
        ToolCommand command, string jobId, RunLog? log, PantryOptions options, Action<(int Id, DateTimeOffset StartedAt)>? started, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var child = new ChildProcess(StartInfo(command), jobId, options);
        try
        {
            child.Start();
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or InvalidOperationException)
        {
            throw new PantryException(PantryErrorCode.NotOffered, $"'{command.Program}' could not be started: {exception.Message}", exception) { Target = command.Program };
        }

        started?.Invoke(child.Identity);
        using var output = new CappedOutput(options.Provision.ReportBytes) { Tap = bytes => log?.Write(0, bytes.Span) };
        using var error = new CappedOutput(options.OutputBytes) { Tap = bytes => log?.Write(1, bytes.Span) };
        try
        {
            ChildOutcome outcome = await child.WaitAsync(command.Input, output, error, cancellation).ConfigureAwait(false);
            return new ToolRun(outcome.ExitCode, outcome.StandardOutput, outcome.StandardError, output.Truncated);
        }
        finally
        {
            log?.Flush();
        }
    }

    private static ProcessStartInfo StartInfo(ToolCommand command)
    {
        if (OperatingSystem.IsWindows() && Path.GetExtension(command.Program).ToUpperInvariant() is ".CMD" or ".BAT"
            && command.Arguments.FirstOrDefault(argument => argument.AsSpan().ContainsAny(BatchSpecial)) is { } special)
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"'{command.Program}' is a batch file, and cmd.exe would read the argument '{DisplayText.FirstLine(special, 80)}' as more than a text. Name the program itself.");
        }

        var start = new ProcessStartInfo { FileName = command.Program, WorkingDirectory = command.WorkingDirectory };
        foreach (string argument in command.Arguments)
            start.ArgumentList.Add(argument);
        foreach ((string name, string value) in command.Environment)
            start.Environment[name] = value;
        return start;
    }
}
