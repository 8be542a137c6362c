using System.Diagnostics;

namespace Pantry.PowerShell.Tests.Engine;

/// <summary>A script in an engine of a process of its own.</summary>
internal static class EngineProcess
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Runs a script to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string script)
    {
        using Process process = Start(script, out string file);
        using var deadline = new CancellationTokenSource(Deadline);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(deadline.Token), error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, (await output).ReplaceLineEndings("\n").Trim(), (await error).Trim());
        }
        finally
        {
            process.Kill(entireProcessTree: true);
            File.Delete(file);
        }
    }

    /// <summary>Starts a script, for tests that end its process.</summary>
    public static Process Start(string script, out string file)
    {
        file = Path.Combine(Path.GetTempPath(), $"pantry-{Guid.NewGuid():N}.ps1");
        File.WriteAllText(file, script);
        return Process.Start(new ProcessStartInfo("dotnet", [Places.EngineHost, file])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
    }
}
