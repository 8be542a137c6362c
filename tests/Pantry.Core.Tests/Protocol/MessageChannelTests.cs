using System.Security.Cryptography;
using CsCheck;
using Pantry.Protocol;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Tests.Sessions;

namespace Pantry.Tests.Protocol;

public sealed class MessageChannelTests
{
    private static readonly WireLimits Limits = new();

    [Theory]
    [InlineData(0)]
    [InlineData(48 * 1024)]
    [InlineData(5_000_000)]
    public void A_message_of_any_size_arrives_as_it_was_sent(int size)
    {
        byte[] body = RandomNumberGenerator.GetBytes(size);
        var message = new Message(MessageKind.Result, SampleResult) { Bodies = [body, [], [7]] };

        Message? received = null;
        ChannelPair pair = ChannelPair.Create();
        foreach (byte[][] frames in pair.Send(message))
        {
            Assert.Null(received);
            Assert.True(frames.Sum(frame => frame.Length) < 64 * 1024);
            Opened opened = pair.Server.Open(frames, Senders.Client);
            Assert.Equal(DecodeFault.None, opened.Fault);
            received = opened.Message;
        }

        Assert.Equal([body, [], [7]], received!.Bodies);
        Assert.Equal("j", received.HeadAs<Result>().Job);
    }

    [Fact]
    public void Fragments_of_several_messages_may_interleave()
    {
        ChannelPair pair = ChannelPair.Create();
        var first = pair.Peer.Cut(Large(1)).ToList();
        var second = pair.Peer.Cut(Large(2)).ToList();

        var received = new List<Message>();
        foreach (byte[][] frames in first.Zip(second).SelectMany(both => new[] { both.First, both.Second }))
        {
            if (pair.Deliver(frames, Senders.Client).Message is { } message)
                received.Add(message);
        }

        Assert.Equal([1, 2], received.Select(message => (int)message.Body(0)[0]));
    }

    [Fact]
    public void A_fragment_that_is_missing_loses_the_message_and_nothing_else()
    {
        ChannelPair pair = ChannelPair.Create();
        var first = pair.Peer.Cut(Large(1)).ToList();

        Assert.Equal(DecodeFault.None, pair.Deliver(first[0], Senders.Client).Fault);
        Assert.Equal(DecodeFault.BadFragment, pair.Deliver(first[2], Senders.Client).Fault);
        Message? next = pair.Send(Large(2)).Select(frames => pair.Server.Open(frames, Senders.Client).Message).ToList()[^1];
        Assert.Equal(2, next!.Body(0)[0]);
    }

    [Fact]
    public void Incomplete_messages_hold_no_more_than_their_cap()
    {
        var limits = new WireLimits { MaxIncompleteMessages = 3 };
        var reassembly = new Reassembly(limits);
        for (ulong number = 0; number < 100; number++)
        {
            byte[][] fragment = Fragments.Cut([new byte[limits.FragmentBytes], new byte[limits.FragmentBytes]], number, limits).First();
            reassembly.Add(fragment, number, out _);
        }

        Assert.True(reassembly.HeldBytes <= 3L * limits.FragmentBytes);
    }

    [Fact]
    public void Messages_whose_senders_gave_up_do_not_keep_out_later_ones()
    {
        ChannelPair pair = ChannelPair.Create();
        for (int i = 0; i < Limits.MaxIncompleteMessages; i++)
            pair.Deliver(pair.Peer.Cut(Large(1)).First(), Senders.Client);

        Message? whole = pair.Send(Large(2)).Select(frames => pair.Server.Open(frames, Senders.Client).Message).ToList()[^1];

        Assert.NotNull(whole);
        Assert.Equal(2, whole.Body(0)[0]);
    }

    [Fact]
    public void A_large_message_in_slivers_is_a_fault() => Assert.Equal(
        DecodeFault.BadFragment,
        new Reassembly(Limits).Add(Fragments.Cut([new byte[1_000_000]], 1, Limits with { FragmentBytes = 1 }).First(), 1, out _));

    [Fact]
    public void A_message_beyond_the_cap_is_refused_before_it_leaves() =>
        Assert.Equal(PantryErrorCode.MessageTooLarge, Assert.Throws<PantryException>(() =>
            ChannelPair.Create().Peer.Cut(new Message(MessageKind.Result, SampleResult) { Bodies = [new byte[Limits.MaxMessageBytes]] }).ToList()).Code);

    [Fact]
    public void A_peer_may_only_send_what_its_kind_sends()
    {
        ChannelPair pair = ChannelPair.Create();
        byte[][] frames = MessageCodec.Encode(new Message(MessageKind.StartJob, new StartJob([], Pantry.Targeting.Target.All, 1, RolloutPlan.AtOnce)));

        Assert.Equal(DecodeFault.WrongDirection, pair.Deliver(frames, Senders.Client).Fault);
        Assert.Equal(DecodeFault.WrongDirection, pair.Deliver(frames, Senders.Server).Fault);
        Assert.Equal(DecodeFault.None, pair.Deliver(frames, Senders.Operator).Fault);
    }

    [Fact]
    public void Another_major_version_is_seen_whatever_follows()
    {
        byte[] header = new MessageHeader(9, 1, (MessageKind)200, 3).ToBytes();

        Opened opened = ChannelPair.Create().Deliver([header], Senders.Client);

        Assert.Equal((DecodeFault.UnknownVersion, (byte)9), (opened.Fault, opened.Header.Major));
    }

    [Fact]
    public void A_newer_minor_version_with_unknown_properties_is_understood()
    {
        byte[][] frames = [new MessageHeader(1, 9, MessageKind.Accepted, 0).ToBytes(), "{\"job\":\"j\",\"novelty\":{\"a\":[1]}}"u8.ToArray()];

        Assert.Equal("j", ChannelPair.Create().Deliver(frames, Senders.Client).Message!.HeadAs<Accepted>().Job);
    }

    [Fact]
    public void Random_frames_are_faults_and_never_exceptions()
    {
        ChannelPair pair = ChannelPair.Create();
        Gen.Select(Gen.Byte.Array[0, 80].Array[0, 6], Gen.Int[0, 50], Gen.Bool).Sample((frames, kind, plausible) =>
        {
            if (plausible && frames.Length > 0)
                frames[0] = new MessageHeader(1, 0, (MessageKind)kind, 1).ToBytes();
            pair.Deliver(frames, Senders.Peers | Senders.Server);
        }, iter: Security.Fuzz.Iterations, threads: 1);
    }

    [Fact]
    public void Random_frames_that_nobody_sealed_are_faults_and_never_exceptions()
    {
        ChannelPair pair = ChannelPair.Create();
        Gen.Byte.Array[0, 80].Array[0, 6].Sample(frames => frames.Length == 0 || pair.Server.Open(frames, Senders.Peers).Fault == DecodeFault.NotSealed, iter: Security.Fuzz.Iterations, threads: 1);
    }

    [Fact]
    public void Mutated_heads_are_faults_or_messages_and_never_exceptions()
    {
        byte[][] valid = MessageCodec.Encode(new Message(MessageKind.Register, new Register(
            Pantry.Targeting.ClientLabels.Create("a", "b", null, ["c"]), "i", "1", null, 0, ["Ping"], new ClientFacts { Custom = new Dictionary<string, string> { ["a"] = "b" } }, DateTimeOffset.UnixEpoch)));
        ChannelPair pair = ChannelPair.Create();
        Gen.Select(Gen.Int[0, valid[1].Length - 1], Gen.Byte, Gen.Int[0, valid[1].Length - 1], Gen.Int[0, 20]).Sample((at, value, from, length) =>
        {
            byte[] head = [.. valid[1].Take(from), .. valid[1].Skip(from + length)];
            if (head.Length > 0)
                head[at % head.Length] = value;
            pair.Deliver([valid[0], head], Senders.Client);
        }, iter: Security.Fuzz.Iterations, threads: 1);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"labels\":null,\"instance\":\"i\",\"pantryVersion\":\"1\",\"token\":null,\"bundleSerial\":0,\"commands\":[],\"facts\":null,\"clientTime\":\"2026-01-01T00:00:00Z\"}")]
    [InlineData("{\"labels\":{\"identity\":null},\"instance\":\"i\",\"pantryVersion\":\"1\",\"token\":null,\"bundleSerial\":0,\"commands\":[],\"facts\":null,\"clientTime\":\"2026-01-01T00:00:00Z\"}")]
    [InlineData("{\"labels\":{\"identity\":\"a\"},\"instance\":null,\"pantryVersion\":\"1\",\"token\":null,\"bundleSerial\":0,\"commands\":[],\"facts\":null,\"clientTime\":\"2026-01-01T00:00:00Z\"}")]
    public void A_head_without_what_it_needs_is_a_fault(string head) => Assert.Equal(
        DecodeFault.BadHead,
        ChannelPair.Create().Deliver([new MessageHeader(1, 0, MessageKind.Register, 1).ToBytes(), System.Text.Encoding.UTF8.GetBytes(head)], Senders.Client).Fault);

    [Fact]
    public void Keys_that_come_before_the_last_ones_had_their_turn_to_seal_take_nothing_away_from_those()
    {
        ChannelPair pair = ChannelPair.Create();
        (CurveSession peers1, CurveSession first) = ChannelPair.NewKeys();
        (CurveSession peers2, CurveSession second) = ChannelPair.NewKeys();
        pair.Server.OpenWith(first);
        pair.Server.OpenWith(second);

        foreach ((CurveSession peers, CurveSession servers) in new[] { (peers1, first), (peers2, second) })
        {
            pair.Server.SealWith(servers);
            pair.Peer.OpenWith(peers);
            pair.Peer.SealWith(peers);
            byte[][] frames = pair.Server.Seal(MessageCodec.Encode(new Message(MessageKind.Leave, new Leave("x"))))!;
            Assert.Equal(DecodeFault.None, pair.Peer.Open(frames, Senders.Server).Fault);
        }

        Assert.Throws<ObjectDisposedException>(() => first.Seal([1], more: false));
        Assert.Equal(DecodeFault.None, pair.Deliver(MessageCodec.Encode(new Message(MessageKind.Leave, new Leave("x"))), Senders.Client).Fault);
    }

    [Fact]
    public void Keys_that_come_after_the_end_are_wiped()
    {
        ChannelPair pair = ChannelPair.Create();
        CurveSession waiting = ChannelPair.NewKeys().Server, sealing = ChannelPair.NewKeys().Server, opening = ChannelPair.NewKeys().Server;
        pair.Server.OpenWith(waiting);
        pair.Server.OpenWith(ChannelPair.NewKeys().Server);
        pair.Server.Dispose();

        pair.Server.SealWith(sealing);
        pair.Server.OpenWith(opening);

        Assert.All(new[] { waiting, sealing, opening }, keys => Assert.Throws<ObjectDisposedException>(() => keys.Seal([1], more: false)));
        Assert.Null(pair.Server.Seal([[1]]));
    }

    private static Result SampleResult => new("j", CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero);

    private static Message Large(byte mark) => new(MessageKind.Result, SampleResult) { Bodies = [[mark, .. new byte[150_000]]] };
}
