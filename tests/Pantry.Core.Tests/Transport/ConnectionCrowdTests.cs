using System.Net.Sockets;
using NetMQ.Sockets;
using Pantry.Tests.Attacks;
using Pantry.Tests.Transport.Gates;
using Pantry.Transport;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport;

[Collection(nameof(HostileCrowd))]
public sealed class ConnectionCrowdTests(ITestOutputHelper output)
{
    private const int Crowd = 1_000;

    // Shared, because a socket remembers what it sent last, and the test's own are not to be measured.
    private static readonly byte[] PeerHello = ZmtpBytes.Hello("DEALER");
    private static readonly byte[] PeerMessage = ZmtpBytes.Frame(0, new byte[5_000]);
    private static readonly byte[] EndpointSays = new byte[5_000];

    [Fact]
    public async Task A_thousand_connections_that_come_and_go_are_told_a_thousand_times_and_leave_nothing()
    {
        await using ServerTransportRig server = await ServerTransportRig.OpenAsync();
        var heard = new HashSet<PeerId>();
        var ended = new List<PeerId>();
        Task listening = Task.Run(async () =>
        {
            while (ended.Count < Crowd)
            {
                switch (await server.NextAsync())
                {
                    case ServerEvent.Received received:
                        heard.Add(received.Peer);
                        Assert.DoesNotContain(received.Peer, ended);
                        break;
                    case ServerEvent.Disconnected disconnected:
                        ended.Add(disconnected.Peer);
                        break;
                }
            }
        });

        await Parallel.ForAsync(0, Crowd, new ParallelOptions { MaxDegreeOfParallelism = 50 }, async (number, _) =>
        {
            using Socket peer = await server.DialAsync(1);
            // Some go without a word, some in the middle of one, some by a reset.
            if (number % 3 == 1)
                await peer.SendAsync(ZmtpBytes.LongHeader(0, 1_000), CancellationToken.None);
            await peer.ReceiveAsync(new byte[1], CancellationToken.None);
            if (number % 3 == 2)
                peer.Close(0);
        });
        await UntilAsync(() => listening.IsCompleted || server.Counters.Open == 0, "all connections to end");
        await UntilAsync(() => listening.IsCompleted, $"the last end (there are {ended.Count})");
        await listening;

        Assert.Equal(Crowd, ended.Distinct().Count());
        Assert.Subset(ended.ToHashSet(), heard);
        await UntilAsync(() => server.Counters.Open == 0, "the places to be free");
        Assert.All(ended, peer => Assert.Null(server.Transport.AddressOf(peer)));
        Assert.All(ended.Take(10), peer => Assert.Equal(SendOutcome.Unreachable, server.Transport.SendAsync(peer, [[1]]).Result));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_thousand_idle_connections_hold_no_buffer(bool haveSpoken)
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive());
        using LinkEnd link = await endpoint.AcceptAsync();
        var open = new List<Socket>();
        try
        {
            long before = GC.GetTotalMemory(forceFullCollection: true);
            for (int number = 0; number < Crowd; number++)
                open.Add(await ConnectAsync(gate, link, haveSpoken));
            await UntilAsync(() => gate.Counters.Admitted == Crowd, "all to be let in");
            await UntilAsync(() => gate.BufferBytes == 0, "all buffers to be given back");

            long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Crowd;
            output.WriteLine($"{each} bytes of managed memory for a connection, its ends in the test included");
            // What other tests let go of meanwhile can only make it less.
            Assert.True(each <= 5 * 1024, $"{each} bytes");
            Assert.Equal(Crowd, gate.Counters.Open);
        }
        finally
        {
            open.ForEach(socket => socket.Dispose());
        }
    }

    [Fact]
    public async Task A_connection_in_the_middle_of_a_message_holds_little_more_than_its_beginning()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive());
        using var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(gate.EndPoints[0]);
        await peer.SendAsync((byte[])[.. ZmtpBytes.Hello("DEALER"), .. ZmtpBytes.LongHeader(0, 1_000), 1, 2, 3]);
        await UntilAsync(() => gate.BufferBytes is > 0 and <= 256, "the buffer to be seen");
    }

    private static async Task<Socket> ConnectAsync(ServerGate gate, LinkEnd link, bool speaks)
    {
        var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await peer.ConnectAsync(gate.EndPoints[0]);
        await peer.SendAsync(PeerHello);
        if (!speaks)
            return peer;

        await peer.SendAsync(PeerMessage);
        List<byte[]>? said = await link.ReadAsync();
        await link.SayAsync(System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(said![0]), EndpointSays);
        return peer;
    }
}
