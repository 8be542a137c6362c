namespace Pantry.Configuration.Settings;

/// <summary>What must hold between the keys of a server or client.</summary>
internal static class HostRules
{
    public static IReadOnlyList<SettingsRule<HostSettings>> All { get; } =
    [
        new("client.heartbeat_interval", FindingSeverity.Error, (settings, _) =>
            settings.Options.HeartbeatInterval * 2 < settings.Options.DeadAfter ? null
            : $"must be less than half of timeouts.dead_after, which is {Quantity.ShowTime(settings.Options.DeadAfter)}: a client that is there would count as gone"),
        new("networking.pub_sub_port", FindingSeverity.Error, (settings, kind) =>
            kind == ConfigurationKind.Client && settings.Network.PublishPort == 0 ? "must be the server's port; 0, any free one, is for servers" : null),
        new("networking.receive_port", FindingSeverity.Error, (settings, kind) =>
            kind == ConfigurationKind.Client && settings.Network.ReceivePort == 0 ? "must be the server's port; 0, any free one, is for servers" : null),
        new("networking.server_host", FindingSeverity.Warning, (settings, kind) =>
            kind == ConfigurationKind.Client && settings.Network.ServerHost is null ? "is not said, so the client has to be told otherwise where its server is" : null),
        new("root_dir", FindingSeverity.Warning, (settings, kind) =>
            kind == ConfigurationKind.Client && settings is { RootDirectory: not null, Client.Path: null } ? "is a server's directory; a client's own is client.path, which is not said" : null),
    ];
}

/// <summary>Something that must hold between keys.</summary>
/// <param name="Key">The key that a finding is about.</param>
/// <param name="Severity">How bad it is where it does not hold.</param>
/// <param name="Fault">What is wrong; null where it holds.</param>
internal sealed record SettingsRule<TSettings>(string Key, FindingSeverity Severity, Func<TSettings, ConfigurationKind, string?> Fault);
