namespace Pantry.Configuration.Settings;

/// <summary>What parameters of a cmdlet or a command line say; it comes before the environment and the file.</summary>
internal sealed class SettingOverrides
{
    private readonly List<SettingOverride> _given = [];

    public IReadOnlyList<SettingOverride> Given => _given;

    /// <summary>Sets a key from text as it would stand in an environment variable; null says nothing.</summary>
    /// <param name="key">The key, such as networking.receive_port.</param>
    /// <param name="text">The value; elements of a list are separated by commas.</param>
    /// <param name="parameter">What the parameter is called, for errors.</param>
    public SettingOverrides Set(string key, string? text, string parameter)
    {
        if (text is not null)
            _given.Add(new SettingOverride(key, RawValue.OfText(text), parameter));
        return this;
    }

    public SettingOverrides Set(string key, int? number, string parameter) =>
        Set(key, number?.ToString(System.Globalization.CultureInfo.InvariantCulture), parameter);

    /// <summary>Sets a list; an empty one is a value, null says nothing.</summary>
    public SettingOverrides Set(string key, IEnumerable<string>? items, string parameter)
    {
        if (items is not null)
            _given.Add(new SettingOverride(key, new RawValue.Sequence([.. items.Select(RawValue.OfText)]), parameter));
        return this;
    }

    /// <summary>Sets a mapping; null says nothing.</summary>
    public SettingOverrides Set(string key, IEnumerable<KeyValuePair<string, string>>? entries, string parameter)
    {
        if (entries is not null)
            _given.Add(new SettingOverride(key, new RawValue.Mapping([.. entries.Select(entry => (RawValue.OfText(entry.Key), (RawValue)RawValue.OfText(entry.Value)))]), parameter));
        return this;
    }
}

/// <summary>One key that a parameter sets.</summary>
internal sealed record SettingOverride(string Key, RawValue Value, string Parameter);
