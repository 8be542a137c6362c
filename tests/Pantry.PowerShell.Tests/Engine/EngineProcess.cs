using System.Diagnostics;

namespace Pantry.PowerShell.Tests.Engine;

/// <summary>A script in an engine of a process of its own.</summary>
internal static class EngineProcess
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Runs a script to its end.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(string script)
    {
        // What scripts leave in their directory for temporary files goes with it.
        string temporary = Directory.CreateTempSubdirectory("pantry-engine-").FullName;
        using Process process = Start(script, out string file, temporary);
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
            process.WaitForExit(Deadline);
            File.Delete(file);
            Directory.Delete(temporary, recursive: true);
        }
    }

    /// <summary>Starts a script, for tests that end its process.</summary>
    public static Process Start(string script, out string file, string? temporary = null)
    {
        file = Path.Combine(Path.GetTempPath(), $"pantry-{Guid.NewGuid():N}.ps1");
        File.WriteAllText(file, script);
        var start = new ProcessStartInfo("dotnet", [Places.EngineHost, file]) { RedirectStandardOutput = true, RedirectStandardError = true };
        if (temporary is not null)
            start.Environment["TMPDIR"] = start.Environment["TEMP"] = start.Environment["TMP"] = temporary;
        return Process.Start(start)!;
    }
}
