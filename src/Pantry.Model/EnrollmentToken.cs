using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>A one-time token that lets a client in whose name matches. Whoever has it can use it: keep it secret.</summary>
public sealed record EnrollmentToken
{
    /// <summary>Id of the token, as the audit log names it.</summary>
    public required string Id { get; init; }

    /// <summary>What the client gives as <c>-Token</c>; shown this once, the server keeps only its hash.</summary>
    public required string Token { get; init; }

    /// <summary>The names it is good for; wildcards are permitted.</summary>
    public required string Pattern { get; init; }

    /// <summary>What the client will be for; null where unset.</summary>
    public string? Application { get; init; }

    /// <summary>The stage the client will belong to; null where unset.</summary>
    public string? Environment { get; init; }

    /// <summary>The client's roles; empty where unset.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Address of the server.</summary>
    public required string Address { get; init; }

    /// <summary>Port that orders come from.</summary>
    public int PublishPort { get; init; }

    /// <summary>Port that answers go to.</summary>
    public int ReceivePort { get; init; }

    /// <summary>The server's public key, in Z85.</summary>
    public required string ServerPublicKey { get; init; }

    /// <summary>When the token was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the token ends.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The token's id; never the token.</summary>
    public override string ToString() => Id;
}
