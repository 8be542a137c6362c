using CsCheck;
using Pantry.Targeting;
using Pantry.Tests.Security;

namespace Pantry.Tests.Targeting;

public sealed class RoutePlanProperties
{
    [Fact]
    public void Whoever_would_accept_an_order_is_routed_to() => Gen.Select(ClientGen.Clients, ClientGen.Target).Sample((clients, target) =>
    {
        var expected = clients.Where(client => TargetMatcher.Matches(target, client)).ToList();
        IReadOnlySet<Topic> topics = RoutePlan.Topics(target, expected);

        foreach (ClientLabels client in clients)
        {
            bool hears = Topic.HeardBy(client).Any(topics.Contains);
            bool accepts = TargetMatcher.Matches(target, client);
            Assert.Equal(expected.Contains(client), hears && accepts);
            Assert.True(hears || !accepts, $"{client} accepts {target} and does not hear it");
        }
    }, iter: Fuzz.Iterations);

    [Fact]
    public void Nobody_outside_the_targets_own_applications_hears_an_order() => Gen.Select(ClientGen.Clients, ClientGen.Target).Sample((clients, target) =>
    {
        if (target.Everyone)
            return;
        var expected = clients.Where(client => TargetMatcher.Matches(target, client)).ToList();
        IReadOnlySet<Topic> topics = RoutePlan.Topics(target, expected);

        foreach (ClientLabels listener in clients.Where(client => Topic.HeardBy(client).Any(topics.Contains) && !expected.Contains(client)))
        {
            // Who overhears a list shares a stream with one of its targets, or has nothing set and may hear every stream.
            Assert.True(listener.Unlabelled
                || expected.Any(client => client.StreamPaths().Intersect(listener.StreamPaths(), Names.Comparer).Any()));
        }
    }, iter: Fuzz.Iterations);

    [Fact]
    public void A_list_within_one_application_is_one_publish()
    {
        var clients = Enumerable.Range(0, 300).Select(i => ClientLabels.Create($"host{i}", "shop", i % 2 == 0 ? "test" : "prod", [i % 3 == 0 ? "web" : "db"])).ToList();

        Assert.Equal([Topic.Stream("shop")], RoutePlan.Topics(Target.Clients(clients.Select(client => client.Identity)), clients));
    }

    [Fact]
    public void A_list_of_clients_with_nothing_set_is_one_publish()
    {
        var clients = Enumerable.Range(0, 300).Select(i => ClientLabels.Create($"host{i}", null, null, null)).ToList();

        Assert.Equal([Topic.Unlabelled], RoutePlan.Topics(Target.Clients(clients.Select(client => client.Identity)), clients));
    }
}
