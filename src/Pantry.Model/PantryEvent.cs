using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>Something that happened in the fleet.</summary>
public sealed record PantryEvent
{
    /// <summary>When.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>What it is about.</summary>
    public PantryEventKind Kind { get; init; }

    /// <summary>Identity of the client; null where it is about none.</summary>
    public string? Client { get; init; }

    /// <summary>Id of the job; null where it is about none.</summary>
    public string? JobId { get; init; }

    /// <summary>Who did it; null where nobody did.</summary>
    public string? Operator { get; init; }

    /// <summary>More about it, in words.</summary>
    [JsonRequired]
    public string Detail { get; init; } = "";

    /// <summary>Kind and detail.</summary>
    public override string ToString() => $"{Kind}: {Detail}";
}
