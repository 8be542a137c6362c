namespace Pantry.Provisioning.Applications;

/// <summary>A value of an application's parameters: a map, a list, a plain value, or the name of a secret in the value's place.</summary>
internal abstract record ParameterValue
{
    /// <summary>
    /// What counts where both are given. Maps become one, key by key; of anything else the more specific one stands alone.
    /// </summary>
    public static ParameterValue Merge(ParameterValue general, ParameterValue specific) =>
        general is ParameterMap below && specific is ParameterMap above ? below.With(above) : specific;
}

/// <summary>Values by name, in the order in which they were first given.</summary>
internal sealed record ParameterMap(IReadOnlyList<KeyValuePair<string, ParameterValue>> Entries) : ParameterValue
{
    public static ParameterMap Empty { get; } = new([]);

    public ParameterValue? Find(string key) => Entries.FirstOrDefault(entry => entry.Key == key).Value;

    /// <summary>This map with what another, more specific one says.</summary>
    public ParameterMap With(ParameterMap specific)
    {
        var merged = new OrderedDictionary<string, ParameterValue>(StringComparer.Ordinal);
        foreach ((string key, ParameterValue value) in Entries)
            merged[key] = value;
        foreach ((string key, ParameterValue value) in specific.Entries)
            merged[key] = merged.TryGetValue(key, out ParameterValue? general) ? Merge(general, value) : value;
        return new ParameterMap([.. merged]);
    }

    public bool Equals(ParameterMap? other) => other is not null && Entries.SequenceEqual(other.Entries);

    public override int GetHashCode() => Entries.Count;
}

internal sealed record ParameterList(IReadOnlyList<ParameterValue> Items) : ParameterValue
{
    public bool Equals(ParameterList? other) => other is not null && Items.SequenceEqual(other.Items);

    public override int GetHashCode() => Items.Count;
}

/// <summary>Text, a number, true or false, or nothing.</summary>
/// <param name="Value">A string, long, double or bool; null for nothing.</param>
internal sealed record ParameterScalar(object? Value) : ParameterValue;

/// <summary>The name of a secret, whose value is given when it is needed and is never in the document.</summary>
internal sealed record SecretReference(string Name) : ParameterValue;
