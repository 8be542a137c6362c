namespace Pantry.Configuration.Settings;

/// <summary>Where an operator's own defaults are, and what they say.</summary>
internal static class OperatorDefaults
{
    private const string FileName = "operator.yaml";

    /// <summary>The file of the user who runs this process, whether it is there or not.</summary>
    public static string Path => OperatingSystem.IsWindows()
        ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData, Environment.SpecialFolderOption.DoNotVerify), "Pantry", FileName)
        : System.IO.Path.Combine(Home(), "pantry", FileName);

    /// <summary>The user's defaults: from the file where there is one, and from the environment.</summary>
    /// <exception cref="PantryException">The file has errors, or others can change it.</exception>
    public static LoadedSettings<OperatorSettings> Load() => Load(Path, SettingVariables.OfProcess());

    /// <inheritdoc cref="Load()"/>
    public static LoadedSettings<OperatorSettings> Load(string path, IReadOnlyDictionary<string, string> environment)
    {
        LoadedSettings<OperatorSettings> loaded = SettingsFile.LoadOperator(File.Exists(path) ? path : null, environment);
        // A relative path in the file begins there, wherever the console happens to be.
        return loaded.Values.OperatorFile is { } file && loaded.Origins.GetValueOrDefault("operator_file")?.Source == SettingSource.File
            ? loaded with { Values = loaded.Values with { OperatorFile = System.IO.Path.GetFullPath(Expand(file), System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!) } }
            : loaded;
    }

    private static string Expand(string file) =>
        file.StartsWith("~/", StringComparison.Ordinal) ? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), file[2..]) : file;

    // A relative one is to be ignored, says the standard.
    private static string Home() => Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { } home && System.IO.Path.IsPathRooted(home)
        ? home : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".config");
}
