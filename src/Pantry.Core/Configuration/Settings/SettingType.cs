namespace Pantry.Configuration.Settings;

/// <summary>A kind of value: how it is read, how it is shown, and what people call it.</summary>
/// <param name="Name">What it is called in documents, such as <c>port</c>.</param>
/// <param name="Expected">What it must be, for errors: <c>a port from 0 to 65535</c>.</param>
/// <param name="Read">Reads it; not sound where the text is no such value. May throw a PantryException that says more.</param>
/// <param name="Write">The text of a value, such that reading it gives the value again.</param>
internal sealed record SettingType<T>(string Name, string Expected, Func<string, (bool Sound, T? Value)> Read, Func<T, string> Write)
{
    /// <summary>The only values there are, for completion and errors; empty where there are too many.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The text as anybody may see it, where that is another one.</summary>
    public Func<T, string>? Mask { get; init; }

    /// <summary>What is wrong with a value beyond its form; null where nothing is.</summary>
    public Func<T, string?>? Fault { get; init; }

    public string Show(T value) => (Mask ?? Write)(value);

    /// <summary>Reads a value.</summary>
    /// <returns>What is wrong with the text; null where it was read.</returns>
    public string? Take(string text, out T? value)
    {
        value = default;
        try
        {
            (bool sound, T? read) = Read(text);
            if (!sound)
                return $"must be {Expected}{(Mask is null ? $", not '{DisplayText.Clean(text, 80)}'" : "")}{Hint(text)}";
            value = read;
            return Fault?.Invoke(read!);
        }
        catch (PantryException invalid)
        {
            // The rules of names, addresses and keys have texts of their own.
            return invalid.Message;
        }
    }

    private string Hint(string text) =>
        Choices.Count > 0 && Targeting.NearestName.Of(text.ToLowerInvariant(), Choices) is { } nearest ? $". Did you mean '{nearest}'?" : "";
}
