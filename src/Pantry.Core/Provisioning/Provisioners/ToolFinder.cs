using System.Text.RegularExpressions;
using Pantry.Configuration;

namespace Pantry.Provisioning.Provisioners;

/// <summary>Looks whether a tool is there, and which version of it.</summary>
internal static class ToolFinder
{
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);
    private static readonly string[] Extensions = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat", ".com"] : [""];

    /// <summary>The first of the tools that is there; null where none is.</summary>
    public static async Task<FoundTool?> FindAsync(IReadOnlyList<ToolChoice> choices, string searchPath, string jobId, PantryOptions options, CancellationToken cancellation)
    {
        foreach (ToolChoice choice in choices)
        {
            if (choice.Programs.Select(program => Locate(program, searchPath)).FirstOrDefault(found => found is not null) is not { } path)
                continue;
            string? version = await VersionAsync(choice, path, jobId, options, cancellation).ConfigureAwait(false);
            if (version is not null || !choice.MustSayVersion)
                return new FoundTool(choice.Name, path, version);
        }

        return null;
    }

    /// <summary>The full path of a program: one on the search path, or one that is given whole; null where it is not there.</summary>
    public static string? Locate(string program, string searchPath = "")
    {
        if (Path.IsPathFullyQualified(program))
            return IsProgram(program) ? program : null;
        if (program.Contains('/', StringComparison.Ordinal) || program.Contains('\\', StringComparison.Ordinal))
            return null; // Relative to what? To no directory that anybody chose.
        // What is not a whole path on the PATH would be looked for where the client happens to run.
        return searchPath.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Where(Path.IsPathFullyQualified)
            .SelectMany(directory => Path.HasExtension(program) ? [program] : Extensions.Select(extension => program + extension), Path.Combine)
            .FirstOrDefault(IsProgram);
    }

    private static bool IsProgram(string path) => File.Exists(path)
        && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);

    private static async Task<string?> VersionAsync(ToolChoice choice, string path, string jobId, PantryOptions options, CancellationToken cancellation)
    {
        if (choice.VersionArguments.Count == 0)
            return null;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(options.Provision.VersionTimeout);
        try
        {
            ToolRun run = await ToolRunner.RunAsync(new ToolCommand(path, choice.VersionArguments, Path.GetTempPath()), jobId, null, options, null, deadline.Token).ConfigureAwait(false);
            return run.ExitCode == 0 ? Version(choice.VersionPattern, run.Output) ?? Version(choice.VersionPattern, run.Error) : null;
        }
        catch (Exception exception) when (exception is PantryException || (exception is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return null; // It is there, and does not say.
        }
    }

    private static string? Version(string pattern, byte[] output)
    {
        string text = System.Text.Encoding.UTF8.GetString(output.AsSpan(0, Math.Min(output.Length, 16 * 1024)));
        Match match = Regex.Match(text, pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, PatternTimeout);
        return !match.Success ? null : DisplayText.FirstLine(match.Groups.Count > 1 ? match.Groups[1].Value : match.Value, 80);
    }
}
