using System.Security.Cryptography;
using Pantry.Configuration;
using Pantry.Server;
using Pantry.Transport;

namespace Pantry.Daemon;

/// <summary>What the command line says of a server; it comes before the file.</summary>
internal sealed record ServerOverrides(string? Root, string? Address, string? AdvertisedAddress, int? PublishPort, int? ReceivePort, int? FilePort, string? Metrics);

/// <summary>What a service is started with, and the digest of the file that it comes from.</summary>
internal sealed record Loaded<T>(T Configuration, string Digest);

/// <summary>Where a server's configuration comes from: the command line, the file, the defaults.</summary>
internal sealed class ServerConfigurationSource(string? file, ServerOverrides overrides)
{
    /// <summary>The root directory of the server of this machine, as its configuration says.</summary>
    public static string RootOfThisMachine()
    {
        try
        {
            return new ServerConfigurationSource(null, new ServerOverrides(null, null, null, null, null, null, null)).Load().Configuration.Path;
        }
        catch (PantryException unreadable) when (unreadable.Code == PantryErrorCode.InvalidConfiguration)
        {
            return DefaultPaths.ServerRoot;
        }
    }

    /// <exception cref="PantryException">The file is missing, or has an error.</exception>
    public Loaded<ServerConfiguration> Load()
    {
        string? path = ConfigurationDigest.Existing(file, DefaultPaths.ServerConfiguration);
        ServerConfigurationFile? said = path is null ? null : ConfigurationFile.LoadServer(path);
        var defaults = new ServerConfiguration { Path = DefaultPaths.ServerRoot };
        return new Loaded<ServerConfiguration>(
            defaults with
            {
                Address = overrides.Address ?? said?.Address ?? defaults.Address,
                AdvertisedAddress = overrides.AdvertisedAddress is { } advertised ? Addresses.Parse(advertised, 1).Host : said?.AdvertisedHost,
                PublishPort = overrides.PublishPort ?? said?.PublishPort ?? defaults.PublishPort,
                ReceivePort = overrides.ReceivePort ?? said?.ReceivePort ?? defaults.ReceivePort,
                FilePort = overrides.FilePort ?? said?.FilePort ?? defaults.FilePort,
                Path = Path.GetFullPath(overrides.Root ?? said?.RootDirectory ?? defaults.Path),
                HasConsole = true,
            },
            ConfigurationDigest.Of(path));
    }
}

/// <summary>Whether a configuration file has changed.</summary>
internal static class ConfigurationDigest
{
    /// <summary>The file that was named, else the default one where it is there.</summary>
    public static string? Existing(string? named, string byDefault) => named is not null ? Path.GetFullPath(named) : File.Exists(byDefault) ? byDefault : null;

    public static string Of(string? path) => path is null ? "" : Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));
}
