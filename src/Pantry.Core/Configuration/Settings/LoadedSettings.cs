namespace Pantry.Configuration.Settings;

/// <summary>Settings, and where each that is not a default came from.</summary>
/// <param name="Values">What counts.</param>
/// <param name="Origins">By key; a key that is missing has its default.</param>
/// <param name="Findings">What was found on the way; errors only where they were asked for.</param>
internal sealed record LoadedSettings<T>(T Values, IReadOnlyDictionary<string, SettingOrigin> Origins, IReadOnlyList<ConfigurationFinding> Findings)
{
    public IEnumerable<ConfigurationFinding> Warnings => Findings.Where(finding => finding.Severity == FindingSeverity.Warning);
}

/// <summary>Where a value came from.</summary>
/// <param name="Source">What kind of place; later ones win.</param>
/// <param name="Place">File with line and column, the name of the variable, or how the parameter was called.</param>
internal sealed record SettingOrigin(SettingSource Source, string Place);

internal enum SettingSource
{
    File,
    Environment,
    Parameter,
}
