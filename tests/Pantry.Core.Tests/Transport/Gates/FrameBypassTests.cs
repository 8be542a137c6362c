using System.Collections.Concurrent;
using System.Net.Sockets;
using CsCheck;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Tests.Attacks;
using Pantry.Tests.Security;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

/// <summary>Marked frames pass the endpoint behind a dialling gate; all else goes to it as ever.</summary>
public sealed class FrameBypassTests
{
    private static readonly byte[] Mark = [5, 67, 72];

    private readonly ConcurrentQueue<byte[]> _passed = new();

    [Fact]
    public async Task Marked_messages_of_one_frame_pass_in_their_order_and_all_others_reach_the_endpoint()
    {
        using DealerSocket dealer = Dealer(out int backend);
        using var server = new TcpListener(Loopback(0));
        server.Start();
        await using ClientGate gate = DialWith(ClientGateTests.Port(server), backend);
        using Socket peer = await GreetAsync(server);
        byte[][] marked = [Marked(10), Marked(300), Marked(9_000), Marked(1_000_000), Marked(20)];
        byte[] unmarked = FilledWith(9, 70_000), cut = Mark, tooShort = [.. Mark, 1];

        Say(peer,
        [
            .. Short(marked[0]), .. Short(unmarked), .. Short(marked[1]), .. Short(cut), .. Short(marked[2]),
            .. ZmtpBytes.Frame(1, Marked(500)), .. ZmtpBytes.Frame(0, [7]),
            .. Short(marked[3]), .. Short(tooShort), .. Short([]), .. Short(marked[4]), .. Short([8]),
        ], int.MaxValue);

        Assert.Equal([unmarked], Next(dealer));
        Assert.Equal([cut], Next(dealer));
        // The first frame of several is marked in vain.
        Assert.Equal([Marked(500), [7]], Next(dealer));
        Assert.Equal([tooShort], Next(dealer));
        Assert.Equal([[]], Next(dealer));
        Assert.Equal([[8]], Next(dealer));
        Assert.Equal(marked, _passed);
        Assert.Equal(0, gate.BudgetTaken);
    }

    [Fact]
    public async Task However_the_bytes_are_split_the_same_passes_and_the_same_reaches_the_endpoint()
    {
        using DealerSocket dealer = Dealer(out int backend);
        using var server = new TcpListener(Loopback(0));
        server.Start();
        var log = new ListLogger();
        await using ClientGate gate = DialWith(ClientGateTests.Port(server), backend, log);
        using Socket peer = await GreetAsync(server);

        Gen.Select(Gen.Select(Gen.Int[0, 40_000], Gen.Bool).Array[1, 8], Gen.Int[1, 30_000]).Sample(
            (messages, piece) =>
            {
                byte[][] bodies = [.. messages.Select(message => message.Item2 ? Marked(Mark.Length + 5 + message.Item1) : FilledWith(1, message.Item1))];
                Say(peer, [.. bodies.SelectMany(Short), .. Short([0xee])], Math.Max(piece, bodies.Sum(body => body.Length) / 200));

                foreach (byte[] body in bodies.Where(body => !body.AsSpan().StartsWith(Mark)))
                    Assert.Equal([body], Next(dealer));
                Assert.Equal([[0xee]], Next(dealer));
                foreach (byte[] body in bodies.Where(body => body.AsSpan().StartsWith(Mark)))
                    Assert.True(_passed.TryDequeue(out byte[]? passed) && passed.AsSpan().SequenceEqual(body), "another frame passed");
                Assert.Empty(_passed);
            },
            iter: Math.Min(Fuzz.Iterations, 500), threads: 1);

        Assert.Equal(0, gate.BudgetTaken);
        Assert.Empty(log.Errors);
    }

    [Fact]
    public async Task A_marked_frame_that_is_cut_short_or_too_large_passes_nowhere()
    {
        using DealerSocket dealer = Dealer(out int backend);
        using var server = new TcpListener(Loopback(0));
        server.Start();
        await using ClientGate gate = DialWith(ClientGateTests.Port(server), backend);
        using (Socket peer = await GreetAsync(server))
            Say(peer, Short(Marked(100_000))[..50_000], int.MaxValue);

        using Socket next = await GreetAsync(server);
        Say(next, [.. ZmtpBytes.LongHeader(0, (ulong)GateProfile.DefaultMaxFrameBytes + 1), .. Mark], int.MaxValue);
        using Socket last = await GreetAsync(server);
        Say(last, [.. Short(Marked(50)), .. Short([1])], int.MaxValue);

        Assert.Equal([[1]], Next(dealer));
        Assert.Equal(Marked(50), Assert.Single(_passed));
        Assert.Equal(1, gate.Counters.Refused(GateRefusal.FrameTooLarge));
        Assert.Equal(0, gate.BudgetTaken);
    }

    [Fact]
    public void A_frame_that_was_given_back_cannot_be_read_and_takes_a_header_only_where_there_is_room()
    {
        HandedFrame frame = HandedFrame.Rent(100), own = new([1, 2]);
        frame.Segment.AsSpan().Fill(3);

        Assert.True(frame.TryPrepend([8, 9]));
        Assert.False(own.TryPrepend([8, 9]));

        Assert.Equal([8, 9, .. FilledWith(3, 100)], frame.Bytes.ToArray());
        Assert.Equal([1, 2], own.Bytes.ToArray());
        frame.Dispose();
        frame.Dispose();
        Assert.Throws<ObjectDisposedException>(() => frame.Bytes.Length);
    }

    private ClientGate DialWith(int port, int backend, ILogger? log = null)
    {
        var bypass = new FrameBypass(Mark, Mark.Length + 5, frame =>
        {
            _passed.Enqueue(frame.Bytes.ToArray());
            frame.Dispose();
        });
        var gate = new ClientGate(
            ClientGateTests.Options(port), Loopback(backend), GateProfile.Answer(), new GateLimits(), TimeProvider.System, log ?? NullLogger.Instance, bypass: bypass);
        gate.Start();
        return gate;
    }

    private static async Task<Socket> GreetAsync(TcpListener server)
    {
        Socket peer = await server.AcceptSocketAsync().WaitAsync(Patience);
        peer.NoDelay = true;
        peer.Send(ZmtpBytes.Hello("ROUTER"));
        return peer;
    }

    private static void Say(Socket peer, byte[] bytes, int piece)
    {
        for (int at = 0; at < bytes.Length; at += Math.Min(piece, bytes.Length - at))
            peer.Send(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)));
    }

    private static List<byte[]> Next(DealerSocket dealer)
    {
        List<byte[]> frames = null!;
        Assert.True(dealer.TryReceiveMultipartBytes(Patience, ref frames!), "nothing reached the endpoint");
        return frames;
    }

    private static byte[] Short(byte[] body) => ZmtpBytes.Frame(0, body);

    private static byte[] Marked(int length) => [.. Mark, .. FilledWith((byte)length, length - Mark.Length)];

    private static byte[] FilledWith(byte value, int length)
    {
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(value);
        return bytes;
    }
}
