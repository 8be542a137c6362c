using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>An enrolment or a token as the server knows it; nothing of its secret.</summary>
public sealed record EnrollmentInfo
{
    /// <summary>Unique id, as the audit log names it.</summary>
    public required string Id { get; init; }

    /// <summary>Whether it is an enrolment or a token.</summary>
    public EnrollmentKind Kind { get; init; }

    /// <summary>The one name that an enrolment is good for; null for any, and for a token.</summary>
    public string? Identity { get; init; }

    /// <summary>The names that a token is good for; null for an enrolment.</summary>
    public string? Pattern { get; init; }

    /// <summary>What the client will be for; null where unset.</summary>
    public string? Application { get; init; }

    /// <summary>The stage the client will belong to; null where unset.</summary>
    public string? Environment { get; init; }

    /// <summary>The client's roles; empty where unset.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>What has become of it.</summary>
    public EnrollmentStatus Status { get; init; }

    /// <summary>The operator who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when it can be used.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it let a client in; null while it has not.</summary>
    public DateTimeOffset? UsedAt { get; init; }

    /// <summary>Fingerprint of the client's key that it let in.</summary>
    public string? UsedBy { get; init; }

    /// <summary>When it was taken back.</summary>
    public DateTimeOffset? WithdrawnAt { get; init; }

    /// <summary>Who took it back.</summary>
    public string? WithdrawnBy { get; init; }

    /// <summary>Why it was taken back, where that was not for an operator's own reason.</summary>
    public string? WithdrawnWhy { get; init; }

    /// <summary>The id.</summary>
    public override string ToString() => Id;
}
