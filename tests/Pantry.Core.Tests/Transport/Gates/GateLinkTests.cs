using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Pantry.Tests.Attacks;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

/// <summary>What passes on the one link between a gate and the endpoint behind it.</summary>
public sealed class GateLinkTests
{
    [Fact]
    public async Task The_link_introduces_itself_under_a_name_that_cannot_be_guessed_and_that_the_endpoint_is_told_first()
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        var names = new List<byte[]>();
        await using ServerGate gate = ServerGate.Open(
            [Loopback(0)], Loopback(endpoint.Port), GateProfile.Receive(), new GateLimits(), TimeProvider.System, new ListLogger(), name =>
            {
                names.Add(name);
                return Task.CompletedTask;
            });
        for (int life = 0; life < 3; life++)
        {
            using LinkEnd link = await endpoint.AcceptAsync();
            Assert.Equal(ZmtpBytes.Ready("DEALER", "")[2..^4], link.Ready[..^(4 + names[life].Length)]);
            Assert.Equal(names[life], link.Ready[^names[life].Length..]);
            Assert.True(names[life].Length >= 16 && names[life][0] != 0);
        }

        Assert.Equal(3, names.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public async Task A_peer_can_forge_neither_a_number_nor_an_end()
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive());
        using LinkEnd link = await endpoint.AcceptAsync();
        using Socket victim = await DialAsync(gate);
        await victim.SendAsync(ZmtpBytes.Frame(0, [1]));
        Assert.Equal([LinkEnd.NumberFrame(1), [1]], await link.ReadAsync());
        using Socket forger = await DialAsync(gate);

        byte[] number = LinkEnd.NumberFrame(1);
        await forger.SendAsync((byte[])[.. ZmtpBytes.Frame(0, number), .. ZmtpBytes.Frame(1, number), .. ZmtpBytes.Frame(0, [66]), .. ZmtpBytes.Frame(0, [])]);

        Assert.Equal([LinkEnd.NumberFrame(2), number], await link.ReadAsync());
        Assert.Equal([LinkEnd.NumberFrame(2), number, [66]], await link.ReadAsync());
        Assert.Equal([LinkEnd.NumberFrame(2), []], await link.ReadAsync());
    }

    [Fact]
    public async Task Large_messages_that_come_in_turns_arrive_whole_each_under_its_number()
    {
        const int Peers = 5;
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive());
        using LinkEnd link = await endpoint.AcceptAsync();
        byte[][] messages = [.. Enumerable.Range(0, Peers).Select(_ => RandomNumberGenerator.GetBytes(1_100_000))];
        var open = new List<Socket>();
        for (int index = 0; index < Peers; index++)
        {
            open.Add(await DialAsync(gate));
            await open[index].SendAsync(ZmtpBytes.LongHeader(0, (ulong)messages[index].Length));
        }

        Task saying = Task.Run(async () =>
        {
            for (int at = 0; at < messages[0].Length; at += 10_000)
            {
                for (int index = 0; index < Peers; index++)
                    await open[index].SendAsync(messages[index].AsMemory(at, 10_000));
            }
        });

        var got = new Dictionary<byte, byte[]>();
        while (got.Count < Peers)
        {
            List<byte[]> frames = (await link.ReadAsync())!;
            got.Add(frames[0][^1], frames[1]);
        }

        await saying;
        Assert.All(got, pair => Assert.Contains(messages, message => message.AsSpan().SequenceEqual(pair.Value)));
        Assert.Equal(Peers, got.Values.Select(Convert.ToHexString).Distinct().Count());
        await UntilAsync(() => gate.BudgetTaken == 0, "the frame budget to be given back");
        open.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task What_peers_say_comes_in_their_order_and_their_end_comes_last_however_slowly_the_endpoint_reads()
    {
        const int Peers = 30, Messages = 200;
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive(), new GateLimits { LinkBatchBytes = 2_000 });
        using LinkEnd link = await endpoint.AcceptAsync();
        Task saying = Parallel.ForAsync(0, Peers, async (_, cancel) =>
        {
            using Socket peer = await DialAsync(gate);
            for (int message = 0; message < Messages; message++)
                await peer.SendAsync(ZmtpBytes.Frame(0, [.. BitConverter.GetBytes(message), .. new byte[message * 20]]), cancel);
            peer.Shutdown(SocketShutdown.Send);
            await peer.ReceiveAsync(new byte[1_000], cancel);
        });
        // More than the link takes unread, so that connections wait with what they have, and keep their places with their ends.
        await UntilAsync(() => gate.Counters.Admitted == Peers, "all to be let in");

        var next = new Dictionary<string, int>();
        int ended = 0;
        while (ended < Peers)
        {
            List<byte[]> frames = (await link.ReadAsync())!;
            string peer = Convert.ToHexString(frames[0]);
            Assert.NotEqual(-1, next.GetValueOrDefault(peer));
            if (frames.Count == 1)
            {
                Assert.Equal(Messages, next[peer]);
                next[peer] = -1;
                ended++;
            }
            else
            {
                Assert.Equal(next.GetValueOrDefault(peer), BitConverter.ToInt32(frames[1]));
                next[peer] = next.GetValueOrDefault(peer) + 1;
            }
        }

        await saying.WaitAsync(Patience);
        await UntilAsync(() => gate.Counters.Open == 0, "the places to be free");
    }

    [Fact]
    public async Task Connections_whose_end_the_endpoint_does_not_take_keep_their_places()
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive());
        using LinkEnd link = await endpoint.AcceptAsync();
        var open = new List<Socket>();
        for (int number = 0; number < 40; number++)
        {
            open.Add(await DialAsync(gate));
            await open[^1].SendAsync(ZmtpBytes.Frame(0, new byte[900_000]));
            open[^1].Shutdown(SocketShutdown.Send);
        }

        await UntilAsync(() => gate.Counters.Admitted == 40, "all to be let in");
        Assert.True(gate.Counters.Open > 5, "they wait");
        int messages = 0, ends = 0;
        while (ends < 40)
        {
            if ((await link.ReadAsync())!.Count == 1)
                ends++;
            else
                messages++;
        }

        Assert.Equal(40, messages);
        await UntilAsync(() => gate.Counters.Open == 0, "the places to be free");
        open.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task A_link_that_breaks_is_logged_all_its_peers_are_cut_and_another_one_is_dialled()
    {
        var log = new ListLogger();
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive(), null, log);
        var open = new List<Socket>();
        using (LinkEnd link = await endpoint.AcceptAsync())
        {
            for (int number = 0; number < 20; number++)
            {
                open.Add(await DialAsync(gate));
                await open[^1].SendAsync(ZmtpBytes.Frame(0, [1]));
                await link.ReadAsync();
            }
        }

        await UntilAsync(() => gate.Counters.Open == 0, "all to be cut");
        Assert.Equal(20, gate.Counters.Refused(GateRefusal.BackendUnavailable));
        Assert.Contains(log.Errors, line => line.Contains("broke", StringComparison.Ordinal));
        using Socket early = await DialAsync(gate);
        await early.SendAsync(ZmtpBytes.Frame(0, [2]));
        using LinkEnd next = await endpoint.AcceptAsync();
        Assert.Equal([LinkEnd.NumberFrame(21), [2]], await next.ReadAsync());
        open.ForEach(socket => socket.Dispose());
    }

    public static TheoryData<string, byte[]> Nonsense { get; } = new()
    {
        { "a command", [0x04, 0x00] },
        { "reserved flags", [0x09, 0x08, .. new byte[8]] },
        { "a key too short", [0x01, 0x07, .. new byte[7]] },
        { "a key in long form", [0x03, 0, 0, 0, 0, 0, 0, 0, 8] },
        { "a message without end", [.. LinkEnd.Message(LinkEnd.NumberFrame(1), [])[..^2], .. ZmtpBytes.LongHeader(0, 1UL << 40)] },
        { "a length that overflows", [.. LinkEnd.Message(LinkEnd.NumberFrame(1), [])[..^2], .. ZmtpBytes.LongHeader(0, ulong.MaxValue)] },
    };

    [Theory]
    [MemberData(nameof(Nonsense))]
    public async Task An_endpoint_that_says_what_none_says_is_not_believed(string what, byte[] says)
    {
        Assert.NotEmpty(what);
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive());
        using LinkEnd link = await endpoint.AcceptAsync();

        await link.SayAsync(says);

        Assert.Null(await link.ReadAsync());
        using LinkEnd next = await endpoint.AcceptAsync();
    }

    [Fact]
    public async Task What_is_said_to_a_connection_that_has_ended_or_never_was_goes_nowhere()
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive());
        using LinkEnd link = await endpoint.AcceptAsync();
        using Socket peer = await DialAsync(gate);

        await link.SayAsync(77, [1]);
        await link.SayAsync(77);
        await link.SayAsync(1, Encoding.ASCII.GetBytes("for the peer"));
        await link.SayAsync(1);

        byte[] got = new byte[200];
        int length = 0;
        for (int count = -1; count != 0; length += count)
            count = await peer.ReceiveAsync(got.AsMemory(length)).AsTask().WaitAsync(Patience);
        Assert.EndsWith("for the peer", Encoding.ASCII.GetString(got, 0, length), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dismissed_peer_of_whose_end_the_endpoint_says_nothing_gets_the_end_and_no_reset()
    {
        var limits = new GateLimits { DrainTimeout = TimeSpan.FromMilliseconds(200), CloseTimeout = TimeSpan.FromSeconds(5) };
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive(), limits);
        using LinkEnd link = await endpoint.AcceptAsync();
        using Socket peer = await DialAsync(gate);
        await peer.SendAsync(ZmtpBytes.Frame(0, [1]));
        await link.ReadAsync();
        await link.SayAsync(1, Encoding.ASCII.GetBytes("the reason"));
        await UntilAsync(() => !gate.Awaits(1), "the reason to be at the gate");

        Assert.True(gate.Dismiss(1));

        byte[] got = new byte[200];
        int length = 0;
        for (int count = -1; count != 0; length += count)
            count = await peer.ReceiveAsync(got.AsMemory(length)).AsTask().WaitAsync(Patience);
        Assert.EndsWith("the reason", Encoding.ASCII.GetString(got, 0, length), StringComparison.Ordinal);
        peer.Close();
        Assert.Equal([LinkEnd.NumberFrame(1)], await link.ReadAsync());
    }

    [Fact]
    public async Task What_a_broken_link_took_with_it_is_not_waited_for_and_what_the_next_one_brings_is()
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        await using ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive());
        using (LinkEnd link = await endpoint.AcceptAsync())
        {
            await UntilAsync(() => gate.Awaits(1), "the link to be up");
            Assert.False(gate.Awaits(0));
            await link.SayAsync(1, [1]);
            await UntilAsync(() => !gate.Awaits(1), "the first to be delivered");
            Assert.True(gate.Awaits(2));
        }

        await UntilAsync(() => !gate.Awaits(2), "the link to be gone");
        using LinkEnd next = await endpoint.AcceptAsync();
        await UntilAsync(() => gate.Awaits(1), "the next link to count anew");
        await next.SayAsync(1, [2]);
        await next.SayAsync(1);
        await UntilAsync(() => !gate.Awaits(2), "both to be delivered");
        Assert.True(gate.Awaits(3));
    }

    private static async Task<Socket> DialAsync(ServerGate gate)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(gate.EndPoints[0]);
        await socket.SendAsync(ZmtpBytes.Hello("DEALER"));
        return socket;
    }
}
