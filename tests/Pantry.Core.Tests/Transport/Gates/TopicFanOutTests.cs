using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Tests.Attacks;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

public sealed class TopicFanOutTests
{
    private readonly byte[] _topic = RandomNumberGenerator.GetBytes(16);

    [Fact]
    public async Task The_endpoint_hears_of_the_first_subscriber_and_of_the_end_of_the_last()
    {
        using var publisher = new XPublisherSocket();
        await using ServerGate gate = OpenGate(publisher.BindRandomPort("tcp://127.0.0.1"), GateProfile.Publish());
        using Socket first = await SubscribeAsync(gate, _topic);
        AssertHears(publisher, 1, _topic);
        byte[] own = RandomNumberGenerator.GetBytes(16);
        using Socket second = await SubscribeAsync(gate, _topic, _topic, own);
        AssertHears(publisher, 1, own);

        first.Close();
        await UntilAsync(() => gate.Counters.Open == 1, "the first to be gone");
        // What nobody has subscribed to is not withdrawn, nor what one of two has.
        await second.SendAsync((byte[])[.. ZmtpBytes.Subscription(RandomNumberGenerator.GetBytes(16), kind: 0), .. ZmtpBytes.Subscription(own, kind: 0)]);
        AssertHears(publisher, 0, own);
        second.Close();
        AssertHears(publisher, 0, _topic);
        Assert.False(publisher.TryReceiveFrameBytes(out _));
    }

    [Fact]
    public async Task A_message_goes_once_to_each_who_subscribed_and_to_nobody_else()
    {
        const int Subscribers = 50;
        using var publisher = new XPublisherSocket();
        await using ServerGate gate = OpenGate(publisher.BindRandomPort("tcp://127.0.0.1"), GateProfile.Publish());
        byte[] other = RandomNumberGenerator.GetBytes(16);
        var peers = new List<Socket>();
        for (int number = 0; number < Subscribers; number++)
        {
            byte[] own = RandomNumberGenerator.GetBytes(16);
            peers.Add(await SubscribeAsync(gate, number % 2 == 0 ? _topic : other, own));
            if (number < 2)
                AssertHears(publisher, 1, number == 0 ? _topic : other);
            AssertHears(publisher, 1, own);
        }

        publisher.SendMoreFrame(_topic).SendFrame("for one half");
        publisher.SendMoreFrame(other).SendFrame("for the other");
        publisher.SendMoreFrame(_topic).SendFrame("and the end");

        for (int number = 0; number < Subscribers; number++)
        {
            byte[] expected = number % 2 == 0
                ? [.. LinkEnd.Message(_topic, "for one half"u8.ToArray()), .. LinkEnd.Message(_topic, "and the end"u8.ToArray())]
                : LinkEnd.Message(other, "for the other"u8.ToArray());
            byte[] got = new byte[expected.Length];
            await new NetworkStream(peers[number]).ReadExactlyAsync(got).AsTask().WaitAsync(Patience);
            Assert.Equal(expected, got);
            Assert.Equal(0, peers[number].Available);
            peers[number].Dispose();
        }
    }

    [Fact]
    public async Task One_who_does_not_read_holds_up_nobody_and_what_it_misses_is_counted_and_bounded()
    {
        const int Orders = 200;
        using var publisher = new XPublisherSocket();
        publisher.Options.SendHighWatermark = 0;
        var limits = new GateLimits { OutboundBytes = 1_000_000 };
        await using ServerGate gate = OpenGate(publisher.BindRandomPort("tcp://127.0.0.1"), GateProfile.Publish(), limits);
        using Socket deaf = await SubscribeAsync(gate, _topic);
        AssertHears(publisher, 1, _topic);
        byte[] own = RandomNumberGenerator.GetBytes(16);
        using Socket reader = await SubscribeAsync(gate, _topic, own);
        AssertHears(publisher, 1, own);

        long start = Stopwatch.GetTimestamp();
        var stream = new NetworkStream(reader);
        byte[] order = RandomNumberGenerator.GetBytes(100_000);
        byte[] expected = LinkEnd.Message(_topic, order);
        byte[] got = new byte[expected.Length];
        for (int number = 0; number < Orders; number++)
        {
            publisher.SendMoreFrame(_topic).SendFrame(order);
            await stream.ReadExactlyAsync(got).AsTask().WaitAsync(Patience);
            Assert.Equal(expected, got);
        }

        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 10);
        Assert.InRange(gate.Counters.Missed, 1, Orders - 10);
        Assert.InRange(gate.OutboundTaken, 1, limits.OutboundBytes);
        // What it gets when it reads at last is whole messages.
        var late = new NetworkStream(deaf);
        for (int number = 0; number < Orders - gate.Counters.Missed; number++)
        {
            await late.ReadExactlyAsync(got).AsTask().WaitAsync(Patience);
            Assert.Equal(expected, got);
        }

        await UntilAsync(() => gate.OutboundTaken == 0, "the room to be given back");
    }

    [Fact]
    public async Task The_next_link_hears_of_a_topic_though_a_subscriber_of_the_former_has_not_ended_yet()
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Pub);
        using var stopping = new CancellationTokenSource();
        // Nobody is cut when the link breaks: the old connection ends when the test wants it.
        GateContext context = Context(endpoint);
        var traffic = new TopicFanOut(context, () => { }, stopping.Token);
        (PeerConnection Connection, Socket Peer) old;
        using (LinkEnd link = await endpoint.AcceptAsync())
        {
            old = await PeerAsync(1, context, traffic);
            Assert.Equal([[1, .. _topic]], await link.ReadAsync());
        }

        using LinkEnd next = await endpoint.AcceptAsync();
        (PeerConnection Connection, Socket Peer) second = await PeerAsync(2, context, traffic);
        Assert.Equal([[1, .. _topic]], await next.ReadAsync());

        old.Peer.Close();
        await old.Connection.Run.WaitAsync(Patience);
        second.Peer.Close();
        Assert.Equal([[0, .. _topic]], await next.ReadAsync());
        await second.Connection.Run.WaitAsync(Patience);
        await stopping.CancelAsync();
        await traffic.Link.EndAsync(new CancellationToken(true)).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_topic_of_which_nobody_was_told_for_want_of_a_link_is_told_with_its_next_subscriber()
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Pub);
        using var stopping = new CancellationTokenSource();
        GateContext context = Context(endpoint);
        // So that the first does not wait for the link.
        context.IsStopping = true;
        var traffic = new TopicFanOut(context, () => { }, stopping.Token);
        (PeerConnection Connection, Socket Peer) first = await PeerAsync(1, context, traffic);
        await UntilAsync(() => first.Connection.Subscriptions.Count == 1, "the first to be heard");

        using LinkEnd link = await endpoint.AcceptAsync();
        await UntilAsync(() => traffic.Link.Up.IsCompleted, "the link to be up");
        (PeerConnection Connection, Socket Peer) second = await PeerAsync(2, context, traffic);
        Assert.Equal([[1, .. _topic]], await link.ReadAsync());

        foreach ((PeerConnection connection, Socket peer) in new[] { first, second })
        {
            peer.Close();
            await connection.Run.WaitAsync(Patience);
        }

        await stopping.CancelAsync();
        await traffic.Link.EndAsync(new CancellationToken(true)).WaitAsync(Patience);
    }

    private static GateContext Context(EndpointStub endpoint) =>
        new(Loopback(endpoint.Port), GateProfile.Publish(), new GateLimits(), TimeProvider.System, NullLogger.Instance);

    /// <summary>A connection without a gate, whose peer subscribes.</summary>
    private async Task<(PeerConnection Connection, Socket Peer)> PeerAsync(ulong number, GateContext context, TopicFanOut traffic)
    {
        (Socket ours, Socket theirs) = await ConnectedAsync();
        var connection = new PeerConnection(ours, (IPEndPoint)ours.RemoteEndPoint!, number, context, traffic);
        connection.Run = connection.RunAsync(_ => { });
        await theirs.SendAsync((byte[])[.. ZmtpBytes.Hello("SUB"), .. ZmtpBytes.Subscription(_topic)]);
        return (connection, theirs);
    }

    private static void AssertHears(XPublisherSocket publisher, byte kind, byte[] topic)
    {
        Assert.True(publisher.TryReceiveFrameBytes(Patience, out byte[]? heard), "nothing was heard");
        Assert.Equal((byte[])[kind, .. topic], heard);
    }

    /// <summary>A subscriber that has read the handshake.</summary>
    private static async Task<Socket> SubscribeAsync(ServerGate gate, params byte[][] topics)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(gate.EndPoints[0]);
        await socket.SendAsync((byte[])[.. ZmtpBytes.Hello("SUB"), .. topics.SelectMany(topic => ZmtpBytes.Subscription(topic))]);
        await new NetworkStream(socket).ReadExactlyAsync(new byte[ZmtpReady.Hello(ZmtpSocketType.Pub).Length]).AsTask().WaitAsync(Patience);
        return socket;
    }
}
