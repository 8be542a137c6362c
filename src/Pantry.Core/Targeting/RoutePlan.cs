namespace Pantry.Targeting;

/// <summary>
/// The topics an order is published on so that every expected client hears it, nobody outside the targets' own
/// applications does, and a list of any length costs one publish for each application in it.
/// </summary>
internal static class RoutePlan
{
    /// <param name="target">Whom the order is meant for.</param>
    /// <param name="expected">The clients that match, as <see cref="TargetMatcher"/> says.</param>
    public static IReadOnlySet<Topic> Topics(Target target, IReadOnlyCollection<ClientLabels> expected)
    {
        var topics = new HashSet<Topic>();
        if (target.Everyone)
        {
            topics.Add(Topic.Everyone);
            return topics;
        }

        var named = target.Identities.ToHashSet(Names.Comparer);
        var byIdentity = expected.Where(client => named.Contains(client.Identity)).ToList();
        AddIdentities(topics, byIdentity);
        foreach (ClientLabels client in expected)
        {
            foreach (string stream in target.Streams)
                AddStream(topics, client, stream);
            if (target.Labels is { } labels && TargetMatcher.Matches(new Target { Labels = labels }, client))
                topics.Add(NarrowestFor(labels, client));
        }

        return topics;
    }

    private static void AddIdentities(HashSet<Topic> topics, List<ClientLabels> clients)
    {
        // Clients of one application share a topic, so that a list costs one publish and no other application hears it.
        foreach (IGrouping<string, ClientLabels> home in clients.GroupBy(Home, Names.Comparer))
        {
            var members = home.ToList();
            topics.Add(members.Count == 1
                ? Topic.Identity(members[0].Identity)
                : members[0].Unlabelled ? Topic.Unlabelled : Topic.Stream(NarrowestShared(members)));
        }
    }

    private static string Home(ClientLabels client) => client.Unlabelled ? ClientLabels.EveryStream : client.StreamPaths()[0];

    private static string NarrowestShared(List<ClientLabels> members)
    {
        var shared = new HashSet<string>(members[0].StreamPaths(), Names.Comparer);
        foreach (ClientLabels member in members.Skip(1))
            shared.IntersectWith(member.StreamPaths());
        return shared.MaxBy(stream => stream.Length)!;
    }

    private static void AddStream(HashSet<Topic> topics, ClientLabels client, string stream)
    {
        if (!TargetMatcher.HearsStream(client, stream))
            return;
        if (Names.Same(client.Identity, stream))
            topics.Add(Topic.Identity(client.Identity));
        else
            topics.Add(client.Unlabelled ? Topic.Unlabelled : Topic.Stream(stream));
    }

    private static Topic NarrowestFor(LabelTarget labels, ClientLabels client)
    {
        if (client.Unlabelled)
            return Topic.Unlabelled;

        ClientLabels narrowed = client with
        {
            // Levels below the narrowest one asked for would leave matching clients out.
            Environment = labels.Environment is null && labels.Role is null ? null : client.Environment,
            Roles = labels.Role is null ? [] : [labels.Role],
        };
        IReadOnlyList<string> paths = narrowed.StreamPaths();
        return paths.Count > 0 ? Topic.Stream(paths[^1]) : Topic.Stream(client.StreamPaths()[0]);
    }
}
