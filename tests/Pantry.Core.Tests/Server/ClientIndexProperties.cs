using CsCheck;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Tests.Security;
using Pantry.Tests.Targeting;

namespace Pantry.Tests.Server;

/// <summary>The index leaves nobody out who matches: with it the matcher finds what it finds by looking at all.</summary>
public sealed class ClientIndexProperties
{
    private static readonly PublicKey Key = PublicKey.FromBytes(new byte[PublicKey.Length]);

    private static readonly Gen<List<(int What, ClientLabels Labels)>> Changes = Gen.Select(Gen.Int[0, 3], ClientGen.Client).List[0, 40];

    // Names, also as patterns, from the same few as those of clients.
    private static readonly Gen<string?> Label = Gen.Int[0, 12].Select(i => ((string?[])["app", "Apple", "SHOP", "test", "web", "db", "prod", "none", "a*", "[s-t]*", null, null, null])[i]);
    private static readonly Gen<string> Name = Gen.Int[0, 40].Select(i => i < 31 ? $"H{i}" : i < 36 ? $"shop.h{i - 31}" : ((string[])["h*", "*.h?", "h1[0-9]", "none", "web"])[i - 36]);
    private static readonly Gen<string?> Stream = Gen.Int[0, 12].Select(i => ((string?[])["app", "shop.test", "Shop.Prod.web", "test.db", "h3", "shop.h4", "none", null, null, null, null, null, null])[i]);

    private static readonly Gen<ClientFilter> Filter = Gen.Select(Name.Array[0, 3], Label, Label, Label, Stream, (names, application, environment, role, stream) =>
        new ClientFilter { Identities = names, Application = application, Environment = environment, Role = role, Stream = stream });

    // Of several kinds at once: whom an order is meant for is the union.
    private static readonly Gen<Target> AnyTarget = Gen.Select(ClientGen.Target, ClientGen.Target, (one, other) => new Target
    {
        Everyone = one.Everyone && other.Everyone,
        Identities = [.. one.Identities.Concat(other.Identities).Distinct(Names.Comparer)],
        Streams = [.. one.Streams.Concat(other.Streams).Distinct(Names.Comparer)],
        Labels = one.Labels ?? other.Labels,
    });

    [Fact]
    public void Whoever_belongs_to_a_target_is_among_its_candidates() => Gen.Select(Changes, AnyTarget).Sample((changes, target) =>
    {
        ClientIndex index = Changed(changes, out Dictionary<string, ClientRecord> all);

        Assert.Equal(
            all.Values.Where(client => TargetMatcher.Matches(target, client.Labels)).Select(client => client.Identity).Order(Names.Comparer),
            index.Candidates(target).Where(client => TargetMatcher.Matches(target, client.Labels)).Select(client => client.Identity).Order(Names.Comparer));
    }, iter: Fuzz.Iterations);

    [Fact]
    public void Whoever_a_filter_lets_through_is_among_its_candidates() => Gen.Select(Changes, Filter).Sample((changes, filter) =>
    {
        ClientIndex index = Changed(changes, out Dictionary<string, ClientRecord> all);
        var match = new ClientFilterMatch(filter);

        Assert.Equal(
            all.Values.Where(client => match.Matches(client.Labels, client.Status)).Select(client => client.Identity).Order(Names.Comparer),
            index.Candidates(match).Where(client => match.Matches(client.Labels, client.Status)).Select(client => client.Identity).Order(Names.Comparer));
    }, iter: Fuzz.Iterations);

    [Fact]
    public void A_fleet_that_was_taken_off_the_list_leaves_nobody_behind() => Changes.Sample(changes =>
    {
        ClientIndex index = Changed(changes, out Dictionary<string, ClientRecord> all);
        foreach (ClientRecord client in all.Values)
            index.Remove(client);

        Assert.Empty(index.All);
        Assert.Empty(index.Candidates(Target.OfStreams(all.Values.SelectMany(client => client.Labels.StreamPaths()).DefaultIfEmpty("app"))));
        foreach (ClientLabels gone in all.Values.Select(client => client.Labels))
            Assert.Empty(index.Candidates(Target.OfLabels(gone.Application, gone.Environment, gone.Roles.Count > 0 ? gone.Roles[0] : "none")));
    }, iter: Fuzz.Iterations);

    [Fact]
    public void A_registry_expects_and_lists_whom_the_matcher_finds_among_all() => Gen.Select(Changes, AnyTarget, Filter).Sample((changes, target, filter) =>
    {
        var registry = new ClientRegistry(1000);
        var all = new Dictionary<string, ClientLabels>(Names.Comparer);
        foreach ((int what, ClientLabels labels) in changes)
        {
            if (what > 0)
            {
                registry.Add(Key, labels, null);
                all[labels.Identity] = labels;
            }
            else if (registry.Find(labels.Identity) is { } known)
            {
                registry.Remove(known);
                all.Remove(labels.Identity);
            }
        }

        (_, IReadOnlyList<Recipient> recipients, IReadOnlyList<string> unknown) = registry.Expect(target);
        Assert.Equal(
            all.Values.Where(labels => TargetMatcher.Matches(target, labels)).Select(labels => labels.Identity).Order(Names.Comparer),
            recipients.Select(recipient => recipient.Identity).Order(Names.Comparer));
        Assert.Equal(target.Identities.Where(name => !all.ContainsKey(name)).Order(Names.Comparer), unknown.Order(Names.Comparer));
        var match = new ClientFilterMatch(filter);
        Assert.Equal(
            all.Values.Where(labels => match.Matches(labels, ClientStatus.Offline)).Select(labels => labels.Identity).Order(Names.Comparer),
            registry.List(filter).Select(client => client.Identity));
    }, iter: Fuzz.Iterations / 10);

    [Fact]
    public void A_stream_of_few_is_looked_up_among_few()
    {
        var index = new ClientIndex();
        for (int i = 0; i < 1000; i++)
            index.Add(new ClientRecord(Key, ClientLabels.Create($"h{i}", $"app{i % 100}", "test", ["web"])));

        Assert.Equal(10, index.Candidates(Target.OfStreams("app7.test")).Count);
        Assert.Equal(10, index.Candidates(Target.OfLabels("app7", "test", "web")).Count);
        Assert.Equal(3, index.Candidates(new Target { Identities = ["h1", "h2", "none"], Streams = ["h3"] }).Count);
        Assert.Equal(10, index.Candidates(new ClientFilterMatch(new ClientFilter { Stream = "app7.test.web" })).Count);
        Assert.Equal(10, index.Candidates(new ClientFilterMatch(new ClientFilter { Application = "app7", Environment = "t*", Status = ClientStatus.Online })).Count);
        Assert.Equal(2, index.Candidates(new ClientFilterMatch(new ClientFilter { Identities = ["h1", "H1", "h2"], Application = "app*" })).Count);
    }

    private static ClientIndex Changed(List<(int What, ClientLabels Labels)> changes, out Dictionary<string, ClientRecord> all)
    {
        var index = new ClientIndex();
        all = new Dictionary<string, ClientRecord>(Names.Comparer);
        foreach ((int what, ClientLabels labels) in changes)
        {
            ClientRecord? known = index.Find(labels.Identity);
            if (known is null)
            {
                index.Add(all[labels.Identity] = new ClientRecord(Key, labels));
            }
            else if (what == 0)
            {
                index.Remove(known);
                all.Remove(labels.Identity);
            }
            else
            {
                index.Relabel(known, labels);
            }
        }

        return index;
    }
}
