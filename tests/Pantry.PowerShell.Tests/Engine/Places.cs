using System.Reflection;

namespace Pantry.PowerShell.Tests.Engine;

/// <summary>Where the built module and the engine host are.</summary>
internal static class Places
{
    public static string Root { get; } = Metadata("RepositoryRoot");

    public static string Manifest { get; } = Path.Combine(Root, "Pantry.psd1");

    public static string EngineHost { get; } = Metadata("EngineHost");

    /// <summary>A client without PowerShell in it: its scripts run in a PowerShell of their own.</summary>
    public static string TestHost { get; } = Metadata("TestHost");

    /// <summary>What makes the help file of comments and pages.</summary>
    public static string HelpTool { get; } = Metadata("HelpTool");

    /// <summary>The module's assembly where it was built, with its comments beside it.</summary>
    public static string ModuleAssembly { get; } = Metadata("ModuleAssembly");

    /// <summary>Whether a PowerShell can be started by its name.</summary>
    public static bool HasPowerShell => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(directory => File.Exists(Path.Combine(directory, OperatingSystem.IsWindows() ? "pwsh.exe" : "pwsh")));

    private static string Metadata(string key) =>
        typeof(Places).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(data => data.Key == key).Value!;
}
