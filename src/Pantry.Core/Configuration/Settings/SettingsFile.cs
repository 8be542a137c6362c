using Pantry.Security;
using YamlDotNet.RepresentationModel;

namespace Pantry.Configuration.Settings;

/// <summary>Loads and checks configurations. What parameters say counts most, then the environment, then the file.</summary>
internal static class SettingsFile
{
    /// <summary>Loads what a server or client is configured with.</summary>
    /// <param name="kind">Server or Client: what must hold is not the same.</param>
    /// <param name="path">The file; null for none.</param>
    /// <param name="environment">Environment variables, as <see cref="SettingVariables.OfProcess"/> gives them.</param>
    /// <param name="overrides">What parameters say.</param>
    /// <exception cref="PantryException">InvalidConfiguration; its message has every error, a line each.</exception>
    public static LoadedSettings<HostSettings> LoadHost(
        ConfigurationKind kind, string? path, IReadOnlyDictionary<string, string> environment, SettingOverrides? overrides = null) =>
        Load(HostSchema.Instance, kind, path, environment, overrides);

    /// <summary>Loads an operator's own defaults.</summary>
    /// <exception cref="PantryException">InvalidConfiguration; its message has every error, a line each.</exception>
    public static LoadedSettings<OperatorSettings> LoadOperator(string? path, IReadOnlyDictionary<string, string> environment, SettingOverrides? overrides = null) =>
        Load(OperatorSchema.Instance, ConfigurationKind.Operator, path, environment, overrides);

    /// <summary>Looks at a file and says all that is wrong in it; for one that is right the list has warnings at most.</summary>
    public static (IReadOnlyList<ConfigurationFinding> Findings, ConfigurationSummary Summary) Check(
        ConfigurationKind kind, string path, IReadOnlyDictionary<string, string> environment) => kind == ConfigurationKind.Operator
        ? Check(OperatorSchema.Instance, kind, path, environment)
        : Check(HostSchema.Instance, kind, path, environment);

    private static LoadedSettings<TSettings> Load<TSettings>(
        SettingsSchema<TSettings> schema, ConfigurationKind kind, string? path, IReadOnlyDictionary<string, string> environment, SettingOverrides? overrides)
    {
        SettingsReading<TSettings> reading = Read(schema, kind, path, environment, overrides);
        if (!reading.HasErrors)
            return new LoadedSettings<TSettings>(reading.Values, reading.Origins, reading.Findings);
        ConfigurationFinding[] errors = [.. reading.Findings.Where(finding => finding.Severity == FindingSeverity.Error)];
        throw new PantryException(PantryErrorCode.InvalidConfiguration, string.Join('\n', errors.Select(error => error.ToString()))) { Target = path ?? errors[0].Path };
    }

    private static (IReadOnlyList<ConfigurationFinding> Findings, ConfigurationSummary Summary) Check<TSettings>(
        SettingsSchema<TSettings> schema, ConfigurationKind kind, string path, IReadOnlyDictionary<string, string> environment)
    {
        SettingsReading<TSettings> reading = Read(schema, kind, path, environment, null);
        return (reading.Findings, new ConfigurationSummary
        {
            Path = path,
            Kind = kind,
            Errors = reading.Findings.Count(finding => finding.Severity == FindingSeverity.Error),
            Warnings = reading.Findings.Count(finding => finding.Severity == FindingSeverity.Warning),
            Keys = reading.Origins.Count,
        });
    }

    private static SettingsReading<TSettings> Read<TSettings>(
        SettingsSchema<TSettings> schema, ConfigurationKind kind, string? path, IReadOnlyDictionary<string, string> environment, SettingOverrides? overrides)
    {
        var reading = new SettingsReading<TSettings>(schema);
        if (path is not null)
        {
            (byte[]? bytes, FileRights rights, ConfigurationFinding? fault) = YamlDocumentFile.Read(path);
            YamlMappingNode? root = null;
            if (bytes is not null)
                (root, fault) = YamlDocumentFile.ParseTree(path, bytes);
            if (root is not null)
                reading.Read(path, root);
            else
                reading.Add(fault!);
            foreach (ConfigurationFinding finding in FileTrust.Check(path, rights, kind, reading.SecretKeys()))
                reading.Add(finding);
        }

        reading.Read(environment);
        if (overrides is not null)
            reading.Read(overrides);
        reading.CheckRules(kind, path ?? "configuration");
        return reading;
    }
}
