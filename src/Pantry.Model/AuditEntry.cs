using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>A record of the audit log.</summary>
public sealed record AuditEntry
{
    /// <summary>Place in the log, from 1, without gaps.</summary>
    public long Sequence { get; init; }

    /// <summary>When it happened, by the server's clock.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>Who did it: an operator, a client, or the server itself.</summary>
    public required string Actor { get; init; }

    /// <summary>Short form of the key that stood behind it.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>Address it came from.</summary>
    public string? From { get; init; }

    /// <summary>What was done.</summary>
    public required string Action { get; init; }

    /// <summary>To whom or what.</summary>
    public string? Target { get; init; }

    /// <summary>Id of the job it belongs to.</summary>
    public string? JobId { get; init; }

    /// <summary>What came of it.</summary>
    public required string Outcome { get; init; }

    /// <summary>More, as JSON; secrets are never in it.</summary>
    [JsonRequired]
    public string Detail { get; init; } = "{}";

    /// <summary>Sequence and action.</summary>
    public override string ToString() => $"{Sequence} {Action}";
}
