using Pantry.Client;
using Pantry.Configuration;
using Pantry.Configuration.Settings;
using Pantry.Logging;
using Pantry.Server;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Hosting;

/// <summary>From settings to what hosts are started with, and from changed settings to a host that runs.</summary>
internal static class ConfiguredHost
{
    /// <param name="settings">What was configured.</param>
    /// <param name="directory">Its directory, where nothing was said.</param>
    public static ServerConfiguration Server(HostSettings settings, string directory)
    {
        var defaults = new ServerConfiguration { Path = settings.RootDirectory ?? directory };
        return defaults with
        {
            Address = settings.Network.ServerHost ?? defaults.Address,
            AdvertisedAddress = settings.Network.AdvertisedHost,
            PublishPort = settings.Network.PublishPort,
            ReceivePort = settings.Network.ReceivePort,
            FilePort = settings.Network.FilePort,
        };
    }

    /// <summary>Limits of what a server keeps on its disk.</summary>
    public static StorageLimits Storage(HostSettings settings) => new() { JobKeep = settings.Retention.Jobs, JobBytes = settings.Retention.JobOutput };

    /// <param name="settings">What was configured.</param>
    /// <param name="directory">Its directory by identity, where nothing was said.</param>
    /// <exception cref="PantryException">The settings do not say where the server is.</exception>
    public static ClientConfiguration Client(HostSettings settings, Func<string, string> directory)
    {
        string host = settings.Network.ServerHost ?? throw new PantryException(PantryErrorCode.InvalidConfiguration,
            $"The configuration does not say where the server is: it has no networking.server_host, and there is no {SettingVariables.Prefix}NETWORKING__SERVER_HOST.");
        ClientSettings client = settings.Client;
        ClientLabels labels = ClientLabels.Create(client.Identity ?? HostName.AsIdentity(), client.Application, client.Environment, client.Roles);
        return new ClientConfiguration
        {
            Server = new ServerAddress(host, settings.Network.PublishPort, settings.Network.ReceivePort, settings.Network.Proxy),
            ServerKey = settings.Network.ServerKey,
            RootKey = settings.Network.RootKey,
            Labels = labels,
            Path = client.Path ?? directory(labels.Identity),
            Policy = Policy(client),
            CustomFacts = client.Facts,
        };
    }

    public static ClientPolicy Policy(ClientSettings client) => new() { AllowedCommands = client.AllowedCommands, AllowedUsers = client.AllowedUsers };

    /// <summary>The credentials of an operator's file, with what the operator's own defaults say of the way to the server.</summary>
    /// <param name="settings">The defaults.</param>
    /// <param name="operatorFile">The operator's file.</param>
    /// <exception cref="PantryException">The file is not fit for use.</exception>
    public static OperatorCredentials Operator(OperatorSettings settings, string operatorFile)
    {
        OperatorCredentials credentials = OperatorFile.Load(operatorFile);
        (string host, int port) = Addresses.Parse(settings.Server ?? credentials.Address, credentials.ReceivePort);
        return credentials with { Address = host, ReceivePort = port, Proxy = settings.Proxy };
    }

    /// <summary>Has a server that runs take what can change while it does.</summary>
    /// <returns>All that has changed; what is not live counts from the next start.</returns>
    public static IReadOnlyList<SettingChange> Apply(ServerHost server, HostLog? log, HostSettings old, HostSettings now)
    {
        server.Keep(now.Retention.Jobs, now.Retention.JobOutput);
        log?.Level = now.Log.Level;
        return SettingsComparison.Of(ConfigurationKind.Server, old, now);
    }

    /// <summary>Has a client that runs take what can change while it does.</summary>
    /// <returns>All that has changed; what is not live counts from the next start.</returns>
    public static IReadOnlyList<SettingChange> Apply(ClientAgent client, HostLog? log, HostSettings old, HostSettings now)
    {
        client.Allow(Policy(now.Client), now.Client.Facts);
        log?.Level = now.Log.Level;
        return SettingsComparison.Of(ConfigurationKind.Client, old, now);
    }
}
