namespace Pantry.Configuration.Settings;

/// <summary>One key of a configuration: everything there is to know about it, for reading, errors, samples and documents.</summary>
/// <param name="Path">Its name with its sections, such as <c>networking.receive_port</c>.</param>
/// <param name="Why">What it is for, in one line.</param>
internal abstract record SettingKey<TSettings>(string Path, string Why)
{
    /// <summary>Whom it says something to.</summary>
    public IReadOnlyList<ConfigurationKind> For { get; init; } = [];

    /// <summary>Whether a host that runs takes a new value; else it must be started anew.</summary>
    public bool ChangesLive { get; init; }

    /// <summary>A value for the sample, where the default is none that could be written down.</summary>
    public string? Example { get; init; }

    /// <summary>What counts where nothing is said, in words; null where the defaults of the settings say it.</summary>
    public string? DefaultWords { get; init; }

    /// <summary>What it is called in documents.</summary>
    public abstract string TypeName { get; }

    /// <summary>The only values there are; empty where there are too many to name.</summary>
    public abstract IReadOnlyList<string> Choices { get; }

    /// <summary>Whether the value has elements of its own.</summary>
    public abstract SettingShape Shape { get; }

    /// <summary>Whether the value is for nobody's eyes: what is shown of it is another text.</summary>
    public bool IsSecret(TSettings settings) => Write(settings) != Show(settings);

    /// <summary>Its last name.</summary>
    public string Name => Path[(Path.LastIndexOf('.') + 1)..];

    /// <summary>Its section; empty at the root.</summary>
    public string Section => Path.Contains('.', StringComparison.Ordinal) ? Path[..Path.LastIndexOf('.')] : "";

    /// <summary>The environment variable that says it.</summary>
    public string Variable => $"{SettingVariables.Prefix}{Path.ToUpperInvariant().Replace(".", "__", StringComparison.Ordinal)}";

    /// <summary>Reads a value and puts it into the settings.</summary>
    /// <param name="settings">What is known so far.</param>
    /// <param name="value">What was written.</param>
    /// <param name="fault">Told of each thing that is wrong, and where.</param>
    /// <returns>The settings with the value, or as they were where it is wrong.</returns>
    public abstract TSettings Apply(TSettings settings, RawValue value, Action<RawValue, string> fault);

    /// <summary>The value as it would be written in a file, such that two texts are the same where the values are; null where nothing is said.</summary>
    public abstract string? Write(TSettings settings);

    /// <summary>The value as anybody may see it.</summary>
    public abstract string? Show(TSettings settings);
}

/// <summary>What a value consists of.</summary>
internal enum SettingShape
{
    Single,
    List,
    Map,
}
