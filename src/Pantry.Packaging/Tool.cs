using System.ComponentModel;
using System.Diagnostics;

namespace Pantry.Packaging;

/// <summary>Programs that packaging runs.</summary>
internal static class Tool
{
    /// <summary>Runs dotnet; what it says is seen.</summary>
    public static async Task DotNetAsync(params string[] arguments)
    {
        using Process process = Start("dotnet", arguments, read: false);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
            throw new PackagingException($"dotnet {string.Join(' ', arguments)} ended with exit code {process.ExitCode}; what it said above says why.");
    }

    /// <summary>What a program writes.</summary>
    public static async Task<string> ReadAsync(string program, params string[] arguments) => await TryReadAsync(program, arguments)
        ?? throw new PackagingException($"{program} {string.Join(' ', arguments)} did not run; see above.");

    /// <summary>What a program writes, trimmed at its end; null where it is not there or fails.</summary>
    public static async Task<string?> TryReadAsync(string program, params string[] arguments)
    {
        try
        {
            using Process process = Start(program, arguments, read: true);
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? output.ReplaceLineEndings("\n").TrimEnd() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static Process Start(string program, string[] arguments, bool read)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = read };
        return Process.Start(start)!;
    }
}
