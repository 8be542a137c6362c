using YamlDotNet.RepresentationModel;

namespace Pantry.Configuration.Settings;

/// <summary>One reading of a configuration: file, then environment, then parameters; all that is wrong is collected, not only the first.</summary>
internal sealed class SettingsReading<TSettings>(SettingsSchema<TSettings> schema)
{
    private readonly Dictionary<string, SettingOrigin> _origins = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Line, int Column)> _places = new(StringComparer.Ordinal);
    private readonly List<ConfigurationFinding> _findings = [];

    public TSettings Values { get; private set; } = schema.Defaults;

    public IReadOnlyDictionary<string, SettingOrigin> Origins => _origins;

    public IReadOnlyList<ConfigurationFinding> Findings => _findings;

    public bool HasErrors => _findings.Any(finding => finding.Severity == FindingSeverity.Error);

    public void Add(ConfigurationFinding finding) => _findings.Add(finding);

    /// <summary>Takes what a file says.</summary>
    public void Read(string file, YamlMappingNode root) => Read(file, "", (RawValue.Mapping)RawValue.OfYaml(root));

    /// <summary>Keys by which something secret was said so far.</summary>
    public IEnumerable<string> SecretKeys() => schema.Keys.Where(key => _origins.ContainsKey(key.Path) && key.IsSecret(Values)).Select(key => key.Path);

    /// <summary>Takes what environment variables say.</summary>
    public void Read(IReadOnlyDictionary<string, string> environment)
    {
        foreach (SettingKey<TSettings> key in schema.Keys)
        {
            if (environment.TryGetValue(key.Variable, out string? text) && text.Length > 0)
                Take(key, SettingVariables.Parse(text, key.Shape), new SettingOrigin(SettingSource.Environment, key.Variable), key.Variable);
        }

        foreach ((string variable, string section, string name) in SettingVariables.Strays(schema, environment))
            Found(variable, null, FindingSeverity.Warning, $"{section}.{name}", Unknown(section, name));
    }

    /// <summary>Takes what parameters say.</summary>
    public void Read(SettingOverrides overrides)
    {
        foreach (SettingOverride given in overrides.Given)
        {
            if (schema.Find(given.Key) is not { } key)
            {
                int dot = given.Key.LastIndexOf('.');
                Found(given.Parameter, null, FindingSeverity.Error, given.Key, Unknown(dot < 0 ? "" : given.Key[..dot], given.Key[(dot + 1)..]));
                continue;
            }

            RawValue value = given.Value is RawValue.Scalar { Text: var text } ? SettingVariables.Parse(text, key.Shape) : given.Value;
            Take(key, value, new SettingOrigin(SettingSource.Parameter, given.Parameter), given.Parameter);
        }
    }

    /// <summary>Looks at what must hold between keys; where values are wrong already, it would only confuse.</summary>
    public void CheckRules(ConfigurationKind kind, string source)
    {
        if (HasErrors)
            return;
        foreach (SettingsRule<TSettings> rule in schema.Rules)
        {
            if (rule.Fault(Values, kind) is not { } fault)
                continue;
            (int line, int column) = _places.GetValueOrDefault(rule.Key);
            string place = _origins.TryGetValue(rule.Key, out SettingOrigin? origin) && origin.Source != SettingSource.File ? origin.Place : source;
            Found(place, line > 0 && place == source ? new RawValue.Scalar("") { Line = line, Column = column } : null, rule.Severity, rule.Key, $"'{rule.Key}' {fault}.");
        }
    }

    private void Read(string file, string section, RawValue.Mapping mapping)
    {
        foreach ((RawValue written, RawValue value) in mapping.Entries)
        {
            if (written is not RawValue.Scalar { Text: var name })
            {
                Found(file, written, FindingSeverity.Error, null, "a key must be a plain word.");
                continue;
            }

            string path = section.Length == 0 ? name : $"{section}.{name}";
            if (schema.Find(path) is { } key)
            {
                if (value.IsEmpty)
                    continue;
                _places[path] = (value.Line, value.Column);
                Take(key, value, new SettingOrigin(SettingSource.File, $"{file}:{value.Line}:{value.Column}"), file);
            }
            else if (!schema.IsSection(path))
            {
                Found(file, written, FindingSeverity.Error, path, Unknown(section, name));
            }
            else if (value is RawValue.Mapping inner)
            {
                Read(file, path, inner);
            }
            else if (!value.IsEmpty)
            {
                Found(file, value, FindingSeverity.Error, path, $"'{path}' must hold keys and values.");
            }
        }
    }

    private void Take(SettingKey<TSettings> key, RawValue value, SettingOrigin origin, string source)
    {
        bool wrong = false;
        Values = key.Apply(Values, value, (at, fault) =>
        {
            wrong = true;
            // A fault of one element of a list is at that element.
            Found(source, at.Line > 0 ? at : value, FindingSeverity.Error, key.Path, $"'{key.Path}' {Ended(fault)}");
        });
        if (!wrong)
            _origins[key.Path] = origin;
    }

    private string Unknown(string section, string name) =>
        $"there is no key '{DisplayText.Clean(name, 80)}'{(section.Length == 0 ? "" : $" in '{section}'")}. {schema.Hint(section, name)}";

    private void Found(string path, RawValue? at, FindingSeverity severity, string? key, string message) => _findings.Add(new ConfigurationFinding
    {
        Path = path,
        Line = at?.Line ?? 0,
        Column = at?.Column ?? 0,
        Severity = severity,
        Key = key,
        Message = message,
    });

    private static string Ended(string text) => text.EndsWith('?') || text.EndsWith('.') ? text : $"{text}.";
}
