using System.Net;
using System.Net.Sockets;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Tests.Attacks;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

public sealed class RefusalTests
{
    private static readonly GateLimits Hasty = new()
    {
        HandshakeTimeout = TimeSpan.FromMilliseconds(300),
        FirstMessageTimeout = TimeSpan.FromMilliseconds(300),
        MessageTimeout = TimeSpan.FromMilliseconds(300),
        StallTimeout = TimeSpan.FromMilliseconds(300),
        BackendTimeout = TimeSpan.FromMilliseconds(300),
    };

    private static readonly byte[] Dealer = ZmtpBytes.Hello("DEALER");

    public static TheoryData<string> Attacks { get; } = [.. HostilePeer.All.Select(peer => peer.Name)];

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task An_attack_is_cut_counted_by_its_reason_and_never_seen_by_the_endpoint(string name)
    {
        HostilePeer attack = HostilePeer.Named(name);
        foreach (GateProfile profile in attack.Port switch
        {
            AttackedPort.Receive => [GateProfile.Receive()],
            AttackedPort.Publish => [GateProfile.Publish()],
            _ => new[] { GateProfile.Receive(), GateProfile.Publish() },
        })
        {
            using var backend = new EndpointStub(profile.Local);
            await using ServerGate gate = OpenGate(backend.Port, profile);
            using LinkEnd link = await backend.AcceptAsync();
            using var deadline = new CancellationTokenSource(Patience);

            Assert.True(await attack.RunAsync(gate.EndPoints[0], deadline.Token), "it was not thrown out");

            await UntilAsync(() => gate.Counters.Open == 0, "the connection to end");
            Assert.Equal(1, gate.Counters.Refused(attack.Reason));
            if (name == "command after a message")
            {
                // The message was a good one.
                Assert.Equal([1], (await link.ReadAsync())![1]);
                Assert.Single((await link.ReadAsync())!);
            }

            Assert.True(link.Available == 0, "the endpoint behind was troubled");
            Assert.Equal(attack.Reason.ToString(), Assert.Single(gate.Counters.Snapshot(), pair => pair.Key is not ("Accepted" or "Admitted" or "Open")).Key);
        }
    }

    [Fact]
    public async Task What_an_admitted_peer_does_wrong_later_reaches_nobody()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive());
        using var peer = await ConnectAsync(gate);
        await peer.SendAsync((byte[])[.. Dealer, .. ZmtpBytes.Frame(0, [1])]);
        Assert.Equal([1], NextMessage(router).Last.ToByteArray());

        await peer.SendAsync((byte[])[0x04, 0x00]);

        await UntilAsync(() => gate.Counters.Refused(GateRefusal.CommandFrame) == 1, "the command frame to be refused");
        using DealerSocket honest = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        AssertRoundTrip(router, honest, [1, 2, 3]);
    }

    [Fact]
    public async Task A_message_of_many_frames_may_not_exceed_the_cap_of_a_message()
    {
        GateProfile profile = GateProfile.Receive() with { MaxFrameBytes = 300, MaxMessageBytes = 500 };
        await RefusedAsync(profile, new GateLimits(), [.. Dealer, .. ZmtpBytes.Frame(1, new byte[300]), .. ZmtpBytes.Frame(1, new byte[201])], GateRefusal.MessageTooLarge);
    }

    [Fact]
    public async Task A_peer_may_not_have_more_subscriptions_than_allowed_whatever_it_unsubscribes_from()
    {
        GateProfile profile = GateProfile.Publish() with { MaxSubscriptions = 3 };
        byte[] session = ZmtpBytes.Hello("SUB");
        for (byte topic = 0; topic < 4; topic++)
        {
            byte[] id = new byte[16];
            id[0] = topic;
            byte[] never = new byte[16];
            never[1] = 1;
            session = [.. session, .. ZmtpBytes.Subscription(id), .. ZmtpBytes.Subscription(id), .. ZmtpBytes.Subscription(never, kind: 0)];
        }

        using var publisher = new XPublisherSocket();
        await RefusedAsync(profile, new GateLimits(), session, GateRefusal.TooManySubscriptions, publisher.BindRandomPort("tcp://127.0.0.1"));
    }

    [Fact]
    public Task One_who_says_nothing_is_cut() =>
        RefusedAsync(GateProfile.Receive(), Hasty, [], GateRefusal.HandshakeTimeout);

    [Fact]
    public Task One_who_says_half_a_greeting_is_cut() =>
        RefusedAsync(GateProfile.Receive(), Hasty, ZmtpBytes.Greeting()[..10], GateRefusal.HandshakeTimeout);

    [Fact]
    public Task One_who_says_nothing_after_the_handshake_is_cut() =>
        RefusedAsync(GateProfile.Receive(), Hasty, Dealer, GateRefusal.FirstMessageTimeout);

    [Fact]
    public async Task One_who_begins_a_message_and_does_not_end_it_is_cut()
    {
        using RouterSocket router = Router(out int backend);
        await RefusedAsync(GateProfile.Receive(), Hasty, [.. Dealer, .. ZmtpBytes.LongHeader(0, 100_000), 1, 2, 3], GateRefusal.MessageTimeout, backend);
    }

    [Fact]
    public async Task One_who_sends_a_byte_at_a_time_is_cut_when_the_handshake_has_taken_too_long()
    {
        await using ServerGate gate = OpenGate(1, GateProfile.Receive(), Hasty);
        using var deadline = new CancellationTokenSource(Patience);
        Assert.True(await HostilePeer.TrickleAsync(gate.EndPoints[0], Dealer, TimeSpan.FromMilliseconds(50), deadline.Token));
        await UntilAsync(() => gate.Counters.Refused(GateRefusal.HandshakeTimeout) == 1, "the trickle to be counted");
    }

    [Fact]
    public async Task One_who_sends_a_message_a_byte_at_a_time_is_cut_when_it_has_taken_too_long()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive(), Hasty);
        using var peer = await ConnectAsync(gate);
        await peer.SendAsync((byte[])[.. Dealer, .. ZmtpBytes.Frame(0, [1]), 0, 200]);
        using var deadline = new CancellationTokenSource(Patience);
        await Assert.ThrowsAsync<SocketException>(async () =>
        {
            for (int sent = 0; sent < 200; sent++)
            {
                await peer.SendAsync((byte[])[7], SocketFlags.None, deadline.Token);
                await Task.Delay(50, deadline.Token);
            }
        });
        Assert.Equal(1, gate.Counters.Refused(GateRefusal.MessageTimeout));
    }

    [Fact]
    public async Task Many_short_messages_do_not_add_up_to_one_that_takes_too_long()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive(), Hasty with { MessageTimeout = TimeSpan.FromSeconds(1.5) });
        using var peer = await ConnectAsync(gate);
        await peer.SendAsync((byte[])[.. Dealer, 0]);
        // Every piece ends one message and begins the next, so the peer is never between messages.
        for (byte round = 0; round < 80; round++)
        {
            await peer.SendAsync((byte[])[1, round, 0]);
            Assert.Equal([round], NextMessage(router).Last.ToByteArray());
            await Task.Delay(30);
        }

        Assert.Equal(0, gate.Counters.Refused(GateRefusal.MessageTimeout));
    }

    [Fact]
    public async Task One_who_does_not_take_what_is_sent_is_cut()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive(), Hasty);
        using var peer = await ConnectAsync(gate);
        await peer.SendAsync((byte[])[.. Dealer, .. ZmtpBytes.Frame(0, [1])]);
        NetMQMessage heard = NextMessage(router);
        router.SendMoreFrame(heard[0].ToByteArray()).SendMoreFrame(heard[1].ToByteArray()).SendFrame(new byte[16_000_000]);
        await UntilAsync(() => gate.Counters.Refused(GateRefusal.PeerStalled) == 1, "the stalled peer to be cut");
    }

    [Fact]
    public async Task Where_silence_is_limited_an_idle_peer_is_cut()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive(), new GateLimits { IdleTimeout = TimeSpan.FromMilliseconds(300) });
        using var peer = await ConnectAsync(gate);
        await peer.SendAsync((byte[])[.. Dealer, .. ZmtpBytes.Frame(0, [1])]);
        await UntilAsync(() => gate.Counters.Refused(GateRefusal.IdleTimeout) == 1, "the idle peer to be cut");
    }

    [Fact]
    public Task Without_an_endpoint_behind_the_peer_is_cut() =>
        RefusedAsync(GateProfile.Receive(), Hasty, [.. Dealer, .. ZmtpBytes.Frame(0, [1])], GateRefusal.BackendUnavailable);

    [Fact]
    public async Task An_endpoint_behind_that_says_nothing_is_named()
    {
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start();
        await RefusedAsync(GateProfile.Receive(), Hasty, [.. Dealer, .. ZmtpBytes.Frame(0, [1])], GateRefusal.BackendUnavailable, ((IPEndPoint)backend.LocalEndpoint).Port);
    }

    [Fact]
    public async Task More_connections_than_allowed_are_refused_in_all_and_by_address()
    {
        await using ServerGate all = OpenGate(1, GateProfile.Receive(), new GateLimits { MaxConnections = 2 });
        await using ServerGate address = OpenGate(1, GateProfile.Receive(), new GateLimits { MaxConnectionsPerAddress = 2 });
        foreach ((ServerGate gate, GateRefusal reason) in new[] { (all, GateRefusal.TooManyConnections), (address, GateRefusal.TooManyFromAddress) })
        {
            using var first = await ConnectAsync(gate);
            using var second = await ConnectAsync(gate);
            await UntilAsync(() => gate.Counters.Open == 2, "both to be accepted");
            using var third = await ConnectAsync(gate);
            await UntilAsync(() => gate.Counters.Refused(reason) == 1, $"{reason}");
            first.Dispose();
            await UntilAsync(() => gate.Counters.Open == 1, "a place to be free again");
            using var fourth = await ConnectAsync(gate);
            await UntilAsync(() => gate.Counters.Open == 2, "the place to be given away");
        }
    }

    [Fact]
    public async Task An_address_that_connects_too_often_is_refused()
    {
        await using ServerGate gate = OpenGate(1, GateProfile.Receive(), new GateLimits { AcceptBurstPerAddress = 3, AcceptsPerSecondPerAddress = 0.001 });
        for (int number = 0; number < 5; number++)
            (await ConnectAsync(gate)).Dispose();
        await UntilAsync(() => gate.Counters.Refused(GateRefusal.AcceptRate) == 2, "two of five to be refused");
    }

    private static async Task<Socket> ConnectAsync(ServerGate gate)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(gate.EndPoints[0]);
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            // A refusal can be faster than the connection.
        }

        return socket;
    }

    private static async Task RefusedAsync(GateProfile profile, GateLimits limits, byte[] says, GateRefusal reason, int backend = 1)
    {
        await using ServerGate gate = OpenGate(backend, profile, limits);
        using var deadline = new CancellationTokenSource(Patience);
        Assert.True(await HostilePeer.HoldAsync(gate.EndPoints[0], says, deadline.Token), "it was not thrown out");
        await UntilAsync(() => gate.Counters.Open == 0, "the connection to end");
        Assert.Equal(1, gate.Counters.Refused(reason));
        Assert.Equal(0, gate.BudgetTaken);
    }
}
