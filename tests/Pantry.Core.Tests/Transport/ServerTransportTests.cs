using System.Net.Sockets;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Configuration;
using Pantry.Tests.Attacks;
using Pantry.Tests.Transport.Gates;
using Pantry.Transport;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport;

public sealed class ServerTransportTests
{
    [Fact]
    public async Task A_peer_is_named_by_the_number_of_its_connection_and_answered_by_it()
    {
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync();
        using Socket first = await server.DialAsync(1);
        Assert.Equal(new PeerId(ServerPort.Receive, 1), (await server.NextAsync<ServerEvent.Received>()).Peer);
        using Socket second = await server.DialAsync(2);
        PeerId peer = (await server.NextAsync<ServerEvent.Received>()).Peer;
        Assert.Equal(new PeerId(ServerPort.Receive, 2), peer);

        Assert.Equal(SendOutcome.Sent, await server.Transport.SendAsync(peer, [[7, 7]]));
        byte[] answer = new byte[ZmtpReady.Hello(ZmtpSocketType.Router).Length + 4];
        await new NetworkStream(second).ReadExactlyAsync(answer).AsTask().WaitAsync(Patience);
        Assert.Equal([0, 2, 7, 7], answer[^4..]);
    }

    [Fact]
    public async Task A_peer_that_does_not_read_is_not_waited_for_where_only_one_try_is_made()
    {
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync(new PantryOptions { SendTimeout = TimeSpan.FromMinutes(5) });
        using Socket peer = await server.DialAsync(1);
        PeerId deaf = (await server.NextAsync<ServerEvent.Received>()).Peer;
        byte[] command = new byte[4096];

        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        SendOutcome outcome = SendOutcome.Sent;
        while (outcome == SendOutcome.Sent)
            outcome = await server.Transport.TrySendAsync(deaf, [command]).AsTask().WaitAsync(deadline.Token);

        Assert.Equal(SendOutcome.Congested, outcome);
    }

    [Fact]
    public async Task The_address_of_a_peer_is_known_while_its_connection_lives()
    {
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync();
        using Socket first = await server.DialAsync(1);
        using Socket second = await server.DialAsync(2);
        var addresses = new Dictionary<byte, string?>();
        var peers = new List<PeerId>();
        for (int number = 0; number < 2; number++)
        {
            ServerEvent.Received received = await server.NextAsync<ServerEvent.Received>();
            peers.Add(received.Peer);
            addresses[received.Frames[0][0]] = server.Transport.AddressOf(received.Peer);
        }

        Assert.Equal(first.LocalEndPoint!.ToString(), addresses[1]);
        Assert.Equal(second.LocalEndPoint!.ToString(), addresses[2]);

        first.Close();
        PeerId gone = (await server.NextAsync<ServerEvent.Disconnected>()).Peer;
        await UntilAsync(() => server.Transport.AddressOf(gone) is null, "the address to be forgotten");
        Assert.Equal(second.LocalEndPoint!.ToString(), server.Transport.AddressOf(peers.Single(peer => peer != gone)));
        Assert.Equal(SendOutcome.Unreachable, await server.Transport.SendAsync(gone, [[1]]));
    }

    [Fact]
    public async Task A_peer_that_is_closed_gets_all_that_was_sent_to_it_and_then_the_end()
    {
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync();
        using Socket other = await server.DialAsync(1);
        PeerId bystander = (await server.NextAsync<ServerEvent.Received>()).Peer;
        List<byte[]> said = [.. Enumerable.Range(0, 20).Select(_ => (byte[])[.. RandomNumberGenerator.GetBytes(60_000), 0, 32]), [1, 2, 0]];
        for (int round = 0; round < 100; round++)
        {
            using Socket peer = await server.DialAsync(9);
            PeerId id = (await server.NextAsync<ServerEvent.Received>()).Peer;
            List<byte[]> message = round == 0 ? said : [RandomNumberGenerator.GetBytes(40), [0]];
            foreach (byte[] frame in message)
                Assert.Equal(SendOutcome.Sent, await server.Transport.SendAsync(id, [frame]));

            server.Transport.Close(id);

            Assert.Equal(message, await ServerTransportRig.ReadToEndAsync(peer));
            peer.Close();
            Assert.Equal(id, (await server.NextAsync<ServerEvent.Disconnected>()).Peer);
        }

        Assert.Equal(100, server.Counters.Refused(GateRefusal.Dismissed));
        await UntilAsync(() => server.Counters.Open == 1, "the last place to be free");
        await other.SendAsync(ZmtpBytes.Frame(0, [3]));
        Assert.Equal(bystander, (await server.NextAsync<ServerEvent.Received>()).Peer);
    }

    [Fact]
    public async Task A_peer_that_is_closed_is_not_heard_any_more_and_cannot_hold_the_connection()
    {
        var limits = new GateLimits { DrainTimeout = TimeSpan.FromMilliseconds(200), CloseTimeout = TimeSpan.FromMilliseconds(200) };
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync(null, limits);
        using Socket peer = await server.DialAsync(1);
        PeerId id = (await server.NextAsync<ServerEvent.Received>()).Peer;
        // More than all buffers on the way take, and nobody reads it.
        int sent = 0;
        while (await server.Transport.TrySendAsync(id, [new byte[60_000]]) == SendOutcome.Sent)
            sent++;
        Assert.InRange(sent, 60, 1_000);

        server.Transport.Close(id);
        server.Transport.Close(id);
        await peer.SendAsync(ZmtpBytes.Frame(0, [2]));

        Assert.Equal(id, (await server.NextAsync<ServerEvent.Disconnected>()).Peer);
        Assert.Equal(1, server.Counters.Refused(GateRefusal.Dismissed));
        await UntilAsync(() => server.Counters.Open == 0, "the connection to end");
        server.Transport.Close(id);
        Assert.Equal(1, server.Counters.Refused(GateRefusal.Dismissed));
    }

    [Fact]
    public async Task The_end_of_a_connection_is_told_after_all_that_the_peer_had_sent()
    {
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync();
        for (int round = 0; round < 10; round++)
        {
            using Socket peer = await server.DialAsync(0);
            await peer.SendAsync((byte[])[.. Enumerable.Range(1, 1_000).SelectMany(number => ZmtpBytes.Frame(0, [(byte)number]))]);
            peer.Shutdown(SocketShutdown.Send);
            for (int number = 0; number <= 1_000; number++)
                Assert.Equal((byte)number, (await server.NextAsync<ServerEvent.Received>()).Frames[0][0]);
            Assert.Equal((ulong)round + 1, (await server.NextAsync<ServerEvent.Disconnected>()).Peer.Number);
        }

        Assert.Equal(0, server.Transport.Strays);
    }

    [Fact]
    public async Task Ends_wait_for_a_host_that_does_not_listen_and_none_is_lost()
    {
        // More than the queue takes, its reserve for notices included; the gate lets in others meanwhile.
        const int Peers = 400;
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync(new PantryOptions { InboundQueue = 4 });
        for (int number = 0; number < Peers; number++)
        {
            using Socket peer = await server.DialAsync(1);
            peer.Shutdown(SocketShutdown.Send);
        }

        using Socket late = await server.DialAsync(2);
        await UntilAsync(() => server.Counters.Admitted == Peers + 1, "the gate to let in the last");

        var heard = new HashSet<PeerId>();
        var ended = new HashSet<PeerId>();
        while (ended.Count < Peers || heard.Count <= Peers)
        {
            switch (await server.NextAsync())
            {
                case ServerEvent.Received received:
                    Assert.True(heard.Add(received.Peer));
                    break;
                case ServerEvent.Disconnected disconnected:
                    Assert.Contains(disconnected.Peer, heard);
                    Assert.True(ended.Add(disconnected.Peer));
                    break;
            }
        }

        await UntilAsync(() => server.Counters.Open == 1, "the places to be free again");
    }

    [Fact]
    public async Task A_transport_stops_while_ends_of_connections_wait_to_be_told()
    {
        ServerTransportRig server = await ServerTransportRig.OpenAsync(new PantryOptions { InboundQueue = 1 });
        for (int number = 0; number < 20; number++)
            (await server.DialAsync(1)).Dispose();
        await UntilAsync(() => server.Counters.Admitted == 20, "all to be let in");

        await server.DisposeAsync().AsTask().WaitAsync(Patience);

        Assert.Equal(0, server.Counters.Open);
    }

    [Fact]
    public async Task A_peer_cannot_choose_its_number()
    {
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync();
        using Socket honest = await server.DialAsync(1);
        Assert.Equal(1ul, (await server.NextAsync<ServerEvent.Received>()).Peer.Number);
        foreach (ulong number in (ulong[])[1, 2, 77])
        {
            using var thief = new TcpClient();
            await thief.ConnectAsync(Loopback(server.Transport.ReceivePort));
            byte[] ready = ZmtpBytes.Command(
                "READY", ZmtpBytes.Property("Socket-Type", "DEALER"), ZmtpBytes.Property("Identity", LinkEnd.NumberFrame(number)));
            await thief.GetStream().WriteAsync((byte[])[.. ZmtpBytes.Greeting(), .. ready, .. ZmtpBytes.Frame(0, [66])]);
        }

        await UntilAsync(() => server.Counters.Refused(GateRefusal.IdentityNotEmpty) == 3, "the thieves to be refused");
        using Socket next = await server.DialAsync(2);
        ServerEvent.Received received = await server.NextAsync<ServerEvent.Received>();
        Assert.Equal(2, received.Frames[0][0]);
        Assert.Equal(5ul, received.Peer.Number);
    }

    [Fact]
    public async Task What_did_not_come_through_the_gate_is_dropped_and_counted()
    {
        await using SocketLoop loop = SocketLoop.Start("test", 64, NullLogger.Instance);
        var inbound = new InboundQueue<ServerEvent>(16, () => { });
        ServerSockets sockets = await ServerSockets.OpenAsync(loop, inbound, inbound, new PantryOptions());
        byte[] name = LinkName.NewRandom();
        await loop.CloseAsync(() => sockets.Receiver.SetLink(name));
        int port = sockets.Receiver.EndPoint.Port;
        byte[][] identities = [[], [9], LinkName.NewRandom(), [.. name, 0], name[..^1]];
        foreach (byte[] identity in identities)
        {
            using DealerSocket stranger = Dealing(identity, port);
            Assert.True(stranger.TrySendMultipartBytes(Patience, LinkEnd.NumberFrame(5), [1]));
            await UntilAsync(() => sockets.Receiver.Strays == Array.IndexOf(identities, identity) + 1, "it to be counted");
        }

        using DealerSocket gate = Dealing(name, port);
        Assert.True(gate.TrySendMultipartBytes(Patience, LinkEnd.NumberFrame(5), [1]));
        await using IAsyncEnumerator<ServerEvent> events = inbound.ReadAllAsync().GetAsyncEnumerator();
        Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Patience));
        Assert.Equal(new PeerId(ServerPort.Receive, 5), Assert.IsType<ServerEvent.Received>(events.Current).Peer);
        Assert.Equal(identities.Length, sockets.Receiver.Strays);
    }

    [Fact]
    public async Task What_is_sent_is_counted_for_each_link_of_the_gate_and_only_if_there_is_one()
    {
        await using SocketLoop loop = SocketLoop.Start("test", 64, NullLogger.Instance);
        var inbound = new InboundQueue<ServerEvent>(16, () => { });
        ServerSockets sockets = await ServerSockets.OpenAsync(loop, inbound, new InboundQueue<ServerEvent>(16, () => { }), new PantryOptions());
        await using IAsyncEnumerator<ServerEvent> events = inbound.ReadAllAsync().GetAsyncEnumerator();
        byte[] name = LinkName.NewRandom();
        await loop.CloseAsync(() => sockets.Receiver.SetLink(name));
        using DealerSocket gate = Dealing(name, sockets.Receiver.EndPoint.Port);
        Assert.True(gate.TrySendMultipartBytes(Patience, LinkEnd.NumberFrame(5), [1]));
        Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Patience));

        Assert.True(await loop.InvokeAsync(() => sockets.Receiver.Send(5, [[2]])));
        await loop.CloseAsync(() => sockets.Receiver.End(5));
        Assert.Equal(2, sockets.Receiver.Sent);

        await loop.CloseAsync(() => sockets.Receiver.SetLink(LinkName.NewRandom()));
        Assert.False(await loop.InvokeAsync(() => sockets.Receiver.Send(5, [[3]])));
        Assert.Equal(0, sockets.Receiver.Sent);
    }

    [Fact]
    public async Task When_the_gate_comes_with_another_link_all_peers_of_the_former_one_have_ended_once()
    {
        const int Peers = 40;
        await using SocketLoop loop = SocketLoop.Start("test", 64, NullLogger.Instance);
        ServerSockets? sockets = null;
        var inbound = new InboundQueue<ServerEvent>(4, () => _ = loop.PostAsync(() => sockets!.Resume()).AsTask());
        sockets = await ServerSockets.OpenAsync(loop, inbound, inbound, new PantryOptions());
        await using IAsyncEnumerator<ServerEvent> events = inbound.ReadAllAsync().GetAsyncEnumerator();
        for (ulong round = 0; round < 2; round++)
        {
            byte[] name = LinkName.NewRandom();
            await loop.CloseAsync(() => sockets.Receiver.SetLink(name));
            using DealerSocket gate = Dealing(name, sockets.Receiver.EndPoint.Port);
            var heard = new List<ulong>();
            var ended = new List<ulong>();
            for (ulong number = 1; number <= Peers; number++)
                Assert.True(gate.TrySendMultipartBytes(Patience, LinkEnd.NumberFrame(number + (round * Peers)), [1]));
            while (heard.Count < Peers || ended.Count < Peers * (int)round)
            {
                Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(Patience));
                if (events.Current is ServerEvent.Received received)
                    heard.Add(received.Peer.Number);
                else
                    ended.Add(Assert.IsType<ServerEvent.Disconnected>(events.Current).Peer.Number);
            }

            Assert.Equal(Enumerable.Range(1, Peers).Select(number => (ulong)number + (round * Peers)), heard);
            Assert.Equal(Enumerable.Range(1, Peers * (int)round).Select(number => (ulong)number), ended);
        }
    }

    [Fact]
    public async Task Nothing_that_was_sent_is_lost_when_the_transport_stops()
    {
        const int Peers = 10, Messages = 300;
        ServerTransportRig server = await ServerTransportRig.OpenAsync();
        var open = new List<Socket>();
        var ids = new List<PeerId>();
        for (int number = 0; number < Peers; number++)
        {
            open.Add(await server.DialAsync(1));
            ids.Add((await server.NextAsync<ServerEvent.Received>()).Peer);
        }

        for (int message = 0; message < Messages; message++)
        {
            foreach (PeerId peer in ids)
                Assert.Equal(SendOutcome.Sent, await server.Transport.SendAsync(peer, [BitConverter.GetBytes(message), new byte[900]]));
        }

        Task stopping = server.DisposeAsync().AsTask();
        foreach (Socket peer in open)
        {
            List<byte[]> frames = await ServerTransportRig.ReadToEndAsync(peer);
            Assert.Equal(Enumerable.Range(0, Messages), frames.Where((_, index) => index % 2 == 0).Select(frame => BitConverter.ToInt32(frame)));
            peer.Dispose();
        }

        await stopping.WaitAsync(Patience);
    }

    private static DealerSocket Dealing(byte[] identity, int port)
    {
        var dealer = new DealerSocket();
        dealer.Options.Linger = Patience;
        if (identity.Length > 0)
            dealer.Options.Identity = identity;
        dealer.Connect($"tcp://127.0.0.1:{port}");
        return dealer;
    }
}
