using System.Text;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Transport;

namespace Pantry.Tests.Attacks;

/// <summary>Who can read what is published: those whom the server gave the stream's key, while it is the key.</summary>
public sealed class StreamSecrecyTests
{
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);
    private static readonly byte[] Canary = "canary-of-the-bank"u8.ToArray();

    [Fact]
    public async Task A_member_of_one_application_cannot_read_what_is_published_to_another_though_it_knows_the_topics()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        (RawPeer bank, IReadOnlyList<TopicGrant> banks) = await JoinAsync(fleet, "teller", "bank");
        (RawPeer shop, IReadOnlyList<TopicGrant> shops) = await JoinAsync(fleet, "clerk", "shop");
        using RawPeer first = bank, second = shop;
        using var opener = new StreamOpener(new WireLimits(), Grace, TimeProvider.System);
        using var thief = new StreamOpener(new WireLimits(), Grace, TimeProvider.System);
        opener.Replace(banks);
        thief.Replace(shops);
        using var tap = new Eavesdropper(fleet.Server.PublishPort);
        tap.Subscribe(banks.Concat(shops));

        (byte[] topic, byte[] frame) = await PublishAsync(fleet, tap, Topic.Stream("bank.production"));

        Assert.NotNull(opener.Open(TopicId.FromBytes(topic), frame));
        Assert.All(banks.Concat(shops), grant => Assert.Null(thief.Open(TopicId.FromBytes(grant.Id), frame)));
        AssertUnreadable(topic, frame);
        // No topic but that of everyone is common to both.
        Assert.Single(banks.Select(grant => Convert.ToHexString(grant.Id)).Intersect(shops.Select(grant => Convert.ToHexString(grant.Id))));
    }

    [Theory]
    [InlineData(ClientDecision.Revoke)]
    [InlineData(ClientDecision.Remove)]
    internal async Task What_is_published_after_a_client_was_sent_away_its_keys_do_not_open(ClientDecision decision)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        (RawPeer stays, IReadOnlyList<TopicGrant> before) = await JoinAsync(fleet, "stays", "bank");
        (RawPeer leaves, IReadOnlyList<TopicGrant> old) = await JoinAsync(fleet, "leaves", "bank");
        using RawPeer first = stays, second = leaves;
        using var thief = new StreamOpener(new WireLimits(), Grace, TimeProvider.System);
        thief.Replace(old);
        using var tap = new Eavesdropper(fleet.Server.PublishPort);
        tap.Subscribe(before.Concat(old));
        (byte[] topic, byte[] frame) = await PublishAsync(fleet, tap, Topic.Stream("bank.production"));
        Assert.NotNull(thief.Open(TopicId.FromBytes(topic), frame));

        await fleet.Server.Fleet.DecideAsync(new DecideClient(decision, "leaves", null), default);
        IReadOnlyList<TopicGrant> renewed = stays.Receive(MessageKind.TopicsChanged).HeadAs<TopicsChanged>().Topics;
        tap.Subscribe(renewed);

        foreach (Topic heard in (Topic[])[Topic.Everyone, Topic.Stream("bank"), Topic.Stream("bank.production")])
        {
            (topic, frame) = await PublishAsync(fleet, tap, heard);
            Assert.DoesNotContain(old, grant => grant.Id.AsSpan().SequenceEqual(topic));
            Assert.Null(thief.Open(TopicId.FromBytes(topic), frame));
            Assert.All(old, grant => Assert.Null(thief.Open(TopicId.FromBytes(grant.Id), frame)));
        }
    }

    [Fact]
    public async Task A_key_that_waits_for_approval_gets_no_topic()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using CurveKeyPair key = CurveKeyPair.Generate();
        using RawPeer stranger = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        stranger.Send(new Message(MessageKind.Register, Fleet.NewRegister("stranger", "bank"), 1));

        Registered registered = stranger.Receive(MessageKind.Registered).HeadAs<Registered>();

        Assert.Equal(RegistrationStatus.Pending, registered.Status);
        Assert.Empty(registered.Topics);
    }

    [Fact]
    public async Task Who_knows_the_topic_but_no_key_sees_no_content_no_name_and_no_stream()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        (RawPeer bank, IReadOnlyList<TopicGrant> banks) = await JoinAsync(fleet, "teller", "bank");
        using RawPeer first = bank;
        using var tap = new Eavesdropper(fleet.Server.PublishPort);
        tap.Subscribe(banks);
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("teller")!.HearsPublished, "the subscription");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);

        await fleet.Server.Fleet.StartJobAsync(
            new JobRequest { Target = Target.OfStreams("bank.production"), Command = "Shell", Arguments = Canary }, deadline.Token);

        (byte[] topic, byte[] frame) = tap.TryHear(Fleet.Deadline) ?? throw new TimeoutException();
        AssertUnreadable(topic, frame);
    }

    [Fact]
    public async Task Who_guesses_topics_hears_nothing()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        (RawPeer bank, IReadOnlyList<TopicGrant> banks) = await JoinAsync(fleet, "teller", "bank");
        using RawPeer first = bank;
        using var member = new Eavesdropper(fleet.Server.PublishPort);
        member.Subscribe(banks);
        using var guesser = new Eavesdropper(fleet.Server.PublishPort);
        guesser.Subscribe(banks.Select(grant => grant with { Id = [.. grant.Id[..15], (byte)(grant.Id[15] ^ 1)] }));
        guesser.Subscribe(Enumerable.Range(0, 100).Select(_ => new TopicGrant(TopicId.NewRandom().ToBytes(), 1, [])));
        guesser.Subscribe([new TopicGrant([.. "bank.production\0"u8], 1, []), new TopicGrant(new byte[16], 1, [])]);

        for (int i = 0; i < 20; i++)
            await PublishAsync(fleet, member, Topic.Stream("bank.production"));

        Assert.Null(guesser.TryHear(TimeSpan.FromMilliseconds(200)));
    }

    private static async Task<(RawPeer Peer, IReadOnlyList<TopicGrant> Topics)> JoinAsync(Fleet fleet, string identity, string application)
    {
        using CurveKeyPair key = await fleet.EnrolKeyAsync(identity, application, "production");
        RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister(identity) with { Labels = ClientLabels.Create(identity, application, "production", []) }, 1));
        return (peer, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Topics);
    }

    /// <summary>Publishes to a topic until the tap, whose subscriptions take a moment, hears it.</summary>
    private static async Task<(byte[] Topic, byte[] Frame)> PublishAsync(Fleet fleet, Eavesdropper tap, Topic topic)
    {
        var message = new Message(MessageKind.Order, new Order("job", 1, false, [], 1, null)) { Bodies = [Canary, Encoding.UTF8.GetBytes("teller bank.production")] };
        for (int i = 0; i < 100; i++)
        {
            fleet.Server.Publish([topic], message);
            if (await Task.Run(() => tap.TryHear(TimeSpan.FromMilliseconds(300))) is { } heard)
            {
                // What was sent meanwhile is taken away, so that the next is the next.
                while (tap.TryHear(TimeSpan.FromMilliseconds(20)) is not null)
                    continue;
                return heard;
            }
        }

        throw new TimeoutException("Nothing was heard.");
    }

    private static void AssertUnreadable(byte[] topic, byte[] frame)
    {
        string wire = Encoding.Latin1.GetString([.. topic, .. frame]);
        foreach (string word in (string[])["canary", "teller", "bank", "production", "Shell", "PTRY", "local"])
            Assert.DoesNotContain(word, wire, StringComparison.OrdinalIgnoreCase);
    }
}
