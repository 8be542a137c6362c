using Pantry.Configuration.Settings;

namespace Pantry.Daemon.Configuration;

/// <summary>Where a service's settings come from: the command line, the environment, the file, the defaults.</summary>
internal sealed class HostSource(ConfigurationKind kind, string? file, SettingOverrides overrides)
{
    public ConfigurationKind Kind => kind;

    /// <summary>The file: the one that was named, else the usual one where it is there.</summary>
    public string? File
    {
        get
        {
            string usual = kind == ConfigurationKind.Server ? DefaultPaths.ServerConfiguration : DefaultPaths.ClientConfiguration;
            return file is not null ? Path.GetFullPath(file) : System.IO.File.Exists(usual) ? usual : null;
        }
    }

    /// <summary>The root directory of the server of this machine.</summary>
    public static string ServerRoot => OfThisMachine(ConfigurationKind.Server)?.RootDirectory ?? DefaultPaths.ServerRoot;

    /// <summary>The directory of the client of this machine.</summary>
    public static string ClientDirectory => OfThisMachine(ConfigurationKind.Client)?.Client.Path ?? DefaultPaths.ClientDirectory;

    /// <exception cref="PantryException">The file cannot be read, or something in it or elsewhere is wrong; the message has all of it.</exception>
    public HostSettings Load() => SettingsFile.LoadHost(kind, File, SettingVariables.OfProcess(), overrides).Values;

    // Whoever only looks for a service is not bothered with what is wrong in a file that may not even be readable for them.
    private static HostSettings? OfThisMachine(ConfigurationKind kind)
    {
        try
        {
            return new HostSource(kind, null, new SettingOverrides()).Load();
        }
        catch (PantryException unreadable) when (unreadable.Code == PantryErrorCode.InvalidConfiguration)
        {
            return null;
        }
    }
}
