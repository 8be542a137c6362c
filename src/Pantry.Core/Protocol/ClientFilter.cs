using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>Which clients to list: all conditions must hold; patterns know <c>*</c>, <c>?</c> and <c>[a-z]</c>.</summary>
internal sealed record ClientFilter
{
    [JsonRequired]
    public IReadOnlyList<string> Identities { get; init; } = [];

    public string? Application { get; init; }

    public string? Environment { get; init; }

    public string? Role { get; init; }

    public string? Stream { get; init; }

    public ClientStatus? Status { get; init; }
}
