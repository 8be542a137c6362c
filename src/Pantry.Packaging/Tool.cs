using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Pantry.Packaging;

/// <summary>Programs that packaging runs.</summary>
internal static partial class Tool
{
    /// <summary>Runs dotnet; what it says is seen.</summary>
    /// <exception cref="MissingPackException">NuGet has not got a part of .NET for the platform.</exception>
    public static async Task DotNetAsync(params string[] arguments)
    {
        using Process process = Start("dotnet", arguments);
        string? missing = null;
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            Console.WriteLine(line);
            if (MissingPack().Match(line) is { Success: true } match)
                missing ??= match.Groups[1].Value;
        }

        await process.WaitForExitAsync();
        if (process.ExitCode != 0 && missing is not null)
            throw new MissingPackException($"{missing.TrimEnd('.')}. This SDK wants that package; use an SDK whose packages NuGet has, or a source that has them.");
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
            using Process process = Start(program, arguments);
            string output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return process.ExitCode == 0 ? output.ReplaceLineEndings("\n").TrimEnd() : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static Process Start(string program, string[] arguments) => Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;

    // error NU1102: Unable to find package Microsoft.NETCore.App.Runtime.linux-arm64 with version (= 10.0.12)
    [GeneratedRegex(@"error NU\d+: (.*\bMicrosoft\.NETCore\.App\.(?:Runtime|Host|Crossgen2)\..*?)\.?(?: \[|$)", RegexOptions.IgnoreCase)]
    private static partial Regex MissingPack();
}
