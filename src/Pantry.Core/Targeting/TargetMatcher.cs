namespace Pantry.Targeting;

/// <summary>
/// The one matcher: routing, the expected answers and the client's own check that an order is meant for it all ask it.
/// </summary>
internal static class TargetMatcher
{
    public static bool Matches(Target target, ClientLabels client) =>
        target.Everyone
        || target.Identities.Contains(client.Identity, Names.Comparer)
        || target.Streams.Any(stream => HearsStream(client, stream))
        || (target.Labels is { } labels && HasLabels(client, labels));

    /// <summary>Whether the client hears the stream: it is one of its own, its identity, or the client has nothing set.</summary>
    public static bool HearsStream(ClientLabels client, string stream) =>
        client.Unlabelled
        || Names.Same(client.Identity, stream)
        || client.StreamPaths().Contains(stream, Names.Comparer);

    private static bool HasLabels(ClientLabels client, LabelTarget labels) =>
        client.Unlabelled
        || ((labels.Application is null || Names.Same(labels.Application, client.Application))
            && (labels.Environment is null || Names.Same(labels.Environment, client.Environment))
            && (labels.Role is null || client.Roles.Contains(labels.Role, Names.Comparer)));
}
