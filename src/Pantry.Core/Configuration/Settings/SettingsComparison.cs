namespace Pantry.Configuration.Settings;

/// <summary>What a configuration that was read again has changed.</summary>
internal static class SettingsComparison
{
    /// <summary>The keys that differ for a kind of host, in the order of the schema.</summary>
    public static IReadOnlyList<SettingChange> Of<TSettings>(SettingsSchema<TSettings> schema, ConfigurationKind kind, TSettings old, TSettings now) =>
    [
        .. schema.For(kind).Where(key => key.Write(old) != key.Write(now)).Select(key => new SettingChange(key.Path, key.Show(old), key.Show(now), key.ChangesLive)),
    ];

    /// <summary>The same of a server or client.</summary>
    public static IReadOnlyList<SettingChange> Of(ConfigurationKind kind, HostSettings old, HostSettings now) => Of(HostSchema.Instance, kind, old, now);
}

/// <summary>A key whose value has changed.</summary>
/// <param name="Key">The key.</param>
/// <param name="Old">What it was, as anybody may see it; null where nothing was said.</param>
/// <param name="Now">What it is to be.</param>
/// <param name="Live">Whether it counts while the host runs; else from its next start.</param>
internal sealed record SettingChange(string Key, string? Old, string? Now, bool Live)
{
    public override string ToString() => $"{Key}: {Old ?? "(default)"} -> {Now ?? "(default)"}{(Live ? "" : " (needs a restart)")}";
}
