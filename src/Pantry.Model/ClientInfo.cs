using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>A client as the server knows it.</summary>
public sealed record ClientInfo
{
    /// <summary>Unique name of the client in its network.</summary>
    public required string Identity { get; init; }

    /// <summary>What the client is for; null where unset.</summary>
    public string? Application { get; init; }

    /// <summary>The stage the client belongs to, such as <c>test</c>; null where unset.</summary>
    public string? Environment { get; init; }

    /// <summary>The client's roles; empty where unset.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>The client's presence.</summary>
    public ClientStatus Status { get; init; }

    /// <summary>When the server last heard from the client.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>What the client reported about its machine; null until it has.</summary>
    public ClientFacts? Facts { get; init; }

    /// <summary>Short form of the client's key.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The client's public key, in Z85.</summary>
    public string? PublicKey { get; init; }

    /// <summary>The streams whose orders the client hears; <c>*</c> for a client with nothing set.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Streams { get; init; } = [];

    /// <summary>The client's identity, so that a client can stand wherever its name can.</summary>
    public override string ToString() => Identity;
}
