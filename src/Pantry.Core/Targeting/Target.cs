using System.Text.Json.Serialization;

namespace Pantry.Targeting;

/// <summary>Whom an order is meant for: the union of all that is set.</summary>
internal sealed record Target
{
    /// <summary>Streams that one order can name.</summary>
    public const int MaxStreams = 100;

    public static Target All { get; } = new() { Everyone = true };

    public bool Everyone { get; init; }

    [JsonRequired]
    public IReadOnlyList<string> Identities { get; init; } = [];

    [JsonRequired]
    public IReadOnlyList<string> Streams { get; init; } = [];

    public LabelTarget? Labels { get; init; }

    public static Target Clients(IEnumerable<string> identities) => new() { Identities = [.. identities.Distinct(Names.Comparer)] };

    public static Target OfStreams(params IEnumerable<string> streams) =>
        new() { Streams = [.. streams.Select(Names.RequireStream).Distinct(Names.Comparer)] };

    public static Target OfLabels(string? application, string? environment, string? role) =>
        new()
        {
            Labels = new LabelTarget(
                Names.RequireSegment(application, "application"),
                Names.RequireSegment(environment, "environment"),
                Names.RequireSegment(role, "role")),
        };

    public override string ToString()
    {
        if (Everyone)
            return "all clients";
        var parts = new List<string>();
        if (Identities.Count > 0)
            parts.Add(Identities.Count == 1 ? $"client '{DisplayText.Clean(Identities[0], 80)}'" : $"{Identities.Count} clients");
        if (Streams.Count > 0)
            parts.Add($"stream {string.Join(", ", Streams.Select(stream => $"'{DisplayText.Clean(stream, 80)}'"))}");
        if (Labels is not null)
            parts.Add(Labels.ToString());
        return parts.Count == 0 ? "nobody" : string.Join(" and ", parts);
    }
}

/// <summary>Clients by their labels; an unset one matches any.</summary>
internal sealed record LabelTarget(string? Application, string? Environment, string? Role)
{
    public override string ToString() => string.Join(", ", new[]
    {
        Application is null ? null : $"application '{Application}'",
        Environment is null ? null : $"environment '{Environment}'",
        Role is null ? null : $"role '{Role}'",
    }.Where(part => part is not null));
}
