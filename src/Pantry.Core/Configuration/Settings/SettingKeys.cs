namespace Pantry.Configuration.Settings;

/// <summary>A key with one value.</summary>
internal sealed record SingleKey<TSettings, T>(
    string Path, SettingType<T> Type, Func<TSettings, T?> Get, Func<TSettings, T, TSettings> Set, string Why) : SettingKey<TSettings>(Path, Why)
{
    public override string TypeName => Type.Name;

    public override IReadOnlyList<string> Choices => Type.Choices;

    public override SettingShape Shape => SettingShape.Single;

    public override TSettings Apply(TSettings settings, RawValue value, Action<RawValue, string> fault)
    {
        if (value is not RawValue.Scalar { Text: var text })
            fault(value, "must be a single value");
        else if (Type.Take(text, out T? taken) is { } wrong)
            fault(value, wrong);
        else
            return Set(settings, taken!);
        return settings;
    }

    public override string? Write(TSettings settings) => Get(settings) is { } value ? Type.Write(value) : null;

    public override string? Show(TSettings settings) => Get(settings) is { } value ? Type.Show(value) : null;
}

/// <summary>A key with a list of values; one value counts as a list of one.</summary>
internal sealed record ListKey<TSettings, T>(
    string Path, SettingType<T> Type, Func<TSettings, IReadOnlyList<T>?> Get, Func<TSettings, IReadOnlyList<T>, TSettings> Set, string Why) : SettingKey<TSettings>(Path, Why)
{
    public override string TypeName => $"list of {Type.Name}s";

    public override IReadOnlyList<string> Choices => Type.Choices;

    public override SettingShape Shape => SettingShape.List;

    public override TSettings Apply(TSettings settings, RawValue value, Action<RawValue, string> fault)
    {
        IReadOnlyList<RawValue>? items = value switch
        {
            RawValue.Scalar scalar => [scalar],
            RawValue.Sequence sequence => sequence.Items,
            _ => null,
        };
        if (items is null)
        {
            fault(value, "must be a list, such as [web, db]");
            return settings;
        }

        var taken = new List<T>();
        bool wrong = false;
        foreach (RawValue item in items)
        {
            string? error = "must be a list of single values";
            if (item is RawValue.Scalar { Text: { Length: > 0 } text } && (error = Type.Take(text, out T? one)) is null)
            {
                taken.Add(one!);
                continue;
            }

            fault(item, error);
            wrong = true;
        }

        return wrong ? settings : Set(settings, taken);
    }

    public override string? Write(TSettings settings) => Get(settings) is { } items ? $"[{string.Join(", ", items.Select(Type.Write))}]" : null;

    public override string? Show(TSettings settings) => Get(settings) is { } items ? $"[{string.Join(", ", items.Select(Type.Show))}]" : null;
}

/// <summary>A key with names and values of the administrator's own; upper and lower case of a name are the same.</summary>
internal sealed record MapKey<TSettings>(
    string Path, Func<TSettings, IReadOnlyDictionary<string, string>> Get, Func<TSettings, IReadOnlyDictionary<string, string>, TSettings> Set, string Why) : SettingKey<TSettings>(Path, Why)
{
    public override string TypeName => "names and values";

    public override IReadOnlyList<string> Choices => [];

    public override SettingShape Shape => SettingShape.Map;

    public override TSettings Apply(TSettings settings, RawValue value, Action<RawValue, string> fault)
    {
        if (value is not RawValue.Mapping mapping)
        {
            fault(value, "must hold names and values");
            return settings;
        }

        var map = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        bool wrong = false;
        foreach ((RawValue name, RawValue held) in mapping.Entries)
        {
            string? error = name is not RawValue.Scalar { Text: { Length: > 0 } word } ? "must hold plain names"
                : held is not RawValue.Scalar { Text: var text } ? "must hold plain values"
                : !map.TryAdd(word, text) ? $"has '{word}' twice; upper and lower case are the same"
                : null;
            if (error is null)
                continue;
            fault(name, error);
            wrong = true;
        }

        return wrong ? settings : Set(settings, map);
    }

    public override string? Write(TSettings settings) =>
        $"{{{string.Join(", ", Get(settings).OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => $"{entry.Key}: {entry.Value}"))}}}";

    public override string? Show(TSettings settings) => Write(settings);
}
