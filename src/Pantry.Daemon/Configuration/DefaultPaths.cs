namespace Pantry.Daemon.Configuration;

/// <summary>Where a service has its configuration and its data unless it is told otherwise.</summary>
internal static class DefaultPaths
{
    public static string ServerConfiguration => Configuration("server.yaml");

    public static string ClientConfiguration => Configuration("client.yaml");

    public static string ServerRoot => Data("server");

    public static string ClientDirectory => Data("client");

    private static string Configuration(string name) => OperatingSystem.IsWindows() ? Path.Combine(ProgramData, name) : $"/etc/pantry/{name}";

    private static string Data(string name) => OperatingSystem.IsWindows() ? Path.Combine(ProgramData, name) : $"/var/lib/pantry/{name}";

    private static string ProgramData => Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData, Environment.SpecialFolderOption.DoNotVerify), "Pantry");
}
