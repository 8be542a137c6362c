using System.Text.Json.Serialization;
using Pantry.Targeting;

namespace Pantry.Security;

/// <summary>
/// Whom a signed order is meant for: the union of all that is set. Clients by name stand in lists of tags, which travel
/// beside the order; the statement holds their digests.
/// </summary>
internal sealed record TargetStatement
{
    // What the JSON leaves out would be null, whatever the initialisers say.
    [JsonRequired]
    public bool Everyone { get; init; }

    [JsonRequired]
    public IReadOnlyList<string> Streams { get; init; } = [];

    [JsonRequired]
    public LabelTarget? Labels { get; init; }

    /// <summary>SHA-256 of each list, in order; see <see cref="TargetTags"/>.</summary>
    [JsonRequired]
    public IReadOnlyList<byte[]> Lists { get; init; } = [];

    /// <summary>Bytes of one entry in a list.</summary>
    [JsonRequired]
    public int EntryLength { get; init; }

    internal bool IsEmpty => !Everyone && Streams.Count == 0 && Labels is null && Lists.Count == 0;
}
