namespace Pantry.Targeting;

/// <summary>What is published to, before it gets an opaque id: a client, a stream, everyone, or those with nothing set.</summary>
internal readonly record struct Topic
{
    private Topic(string key) => Key = key;

    /// <summary>Unique among topics; never on the wire.</summary>
    public string Key { get; }

    public static Topic Everyone { get; } = new("everyone");

    /// <summary>Clients with nothing set hear every stream through this one topic.</summary>
    public static Topic Unlabelled { get; } = new("unlabelled");

    public static Topic Identity(string identity) => new("identity:" + identity.ToLowerInvariant());

    public static Topic Stream(string stream) => new("stream:" + stream.ToLowerInvariant());

    /// <summary>
    /// The topics a client subscribes to. Its identity's comes last: when the server sees that one, all others stand.
    /// </summary>
    public static IReadOnlyList<Topic> HeardBy(ClientLabels client) =>
    [
        Everyone,
        .. client.Unlabelled ? [Unlabelled] : client.StreamPaths().Select(Stream),
        Identity(client.Identity),
    ];

    public override string ToString() => Key;
}
