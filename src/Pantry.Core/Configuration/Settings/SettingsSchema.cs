using Pantry.Targeting;

namespace Pantry.Configuration.Settings;

/// <summary>All keys that a kind of configuration has; what reads files, names errors, completes, and writes samples and documents.</summary>
/// <param name="defaults">What counts where nothing is said.</param>
/// <param name="keys">The keys, in the order of samples and documents.</param>
/// <param name="rules">What must hold between them.</param>
internal sealed class SettingsSchema<TSettings>(TSettings defaults, IReadOnlyList<SettingKey<TSettings>> keys, IReadOnlyList<SettingsRule<TSettings>> rules)
{
    private readonly Dictionary<string, SettingKey<TSettings>> _byPath = keys.ToDictionary(key => key.Path, StringComparer.Ordinal);

    private readonly HashSet<string> _sections = [.. keys.Select(key => key.Section).Where(section => section.Length > 0)];

    public TSettings Defaults => defaults;

    public IReadOnlyList<SettingKey<TSettings>> Keys => keys;

    public IReadOnlyList<SettingsRule<TSettings>> Rules => rules;

    public SettingKey<TSettings>? Find(string path) => _byPath.GetValueOrDefault(path);

    public bool IsSection(string path) => _sections.Contains(path);

    public IEnumerable<SettingKey<TSettings>> For(ConfigurationKind kind) => keys.Where(key => key.For.Contains(kind));

    /// <summary>What somebody who wrote a key that is not there is likely to have meant.</summary>
    /// <param name="section">Where it stands; empty at the root.</param>
    /// <param name="name">What it is called.</param>
    /// <returns>A sentence.</returns>
    public string Hint(string section, string name)
    {
        // A key that stands in the wrong section is named with the right one.
        if (keys.FirstOrDefault(key => key.Name == name) is { } elsewhere)
            return $"Did you mean '{elsewhere.Path}'?";
        string[] here = [.. keys.Where(key => key.Section == section).Select(key => key.Name).Concat(section.Length == 0 ? _sections : []).Order(StringComparer.Ordinal)];
        return NearestName.Hint(name, here, $"There are {string.Join(", ", here)}.");
    }
}
