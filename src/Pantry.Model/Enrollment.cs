using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>What a client needs to join: its name and labels, and where the server is.</summary>
public sealed record Enrollment
{
    /// <summary>Unique id of the enrolment.</summary>
    public required string Id { get; init; }

    /// <summary>Identity of the client; null where the client uses its host name.</summary>
    public string? Identity { get; init; }

    /// <summary>What the client is for; null where unset.</summary>
    public string? Application { get; init; }

    /// <summary>The stage the client belongs to; null where unset.</summary>
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

    /// <summary>Port of the file service.</summary>
    public int FilePort { get; init; }

    /// <summary>The server's public key, in Z85.</summary>
    public required string ServerPublicKey { get; init; }

    /// <summary>The fleet's root key, base64 of its SubjectPublicKeyInfo: what operators' rights are signed with.</summary>
    public required string RootPublicKey { get; init; }

    /// <summary>Id of the fleet.</summary>
    public required string Network { get; init; }

    /// <summary>Public key of the enrolment's own pair, in Z85. It is good for one thing: to let the client's own key in, once.</summary>
    public required string PublicKey { get; init; }

    /// <summary>Secret key of the pair, in Z85. It is in the file and on the wire; no view or property shows it.</summary>
    [JsonInclude]
    [JsonRequired]
    internal string SecretKey { get; init; } = "";

    /// <summary>When the enrolment was made.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>When the enrolment ends.</summary>
    public DateTimeOffset ExpiresAt { get; init; }

    /// <summary>Identity and server.</summary>
    public override string ToString() => $"{Identity ?? "*"} at {Address}:{ReceivePort}";
}
