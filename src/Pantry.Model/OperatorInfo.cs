using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>An operator: whoever gives orders, a person or a scheduled job.</summary>
public sealed record OperatorInfo
{
    /// <summary>Unique name.</summary>
    public required string Name { get; init; }

    /// <summary>What the operator may order, each as <c>streams:commands</c>.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Scopes { get; init; } = [];

    /// <summary>Whether the operator may decide about clients, enrolments and operators, and read the audit log.</summary>
    public bool Administrator { get; init; }

    /// <summary>Short form of the key that the operator's orders are signed with.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>When the operator was added.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the operator's time is over; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The name.</summary>
    public override string ToString() => Name;
}
