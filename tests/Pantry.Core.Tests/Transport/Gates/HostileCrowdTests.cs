using System.Diagnostics;
using System.Net.Sockets;
using CsCheck;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Tests.Attacks;
using Pantry.Tests.Security;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

/// <summary>Crowds; alone on the machine, so that they do not disturb tests that look at the clock.</summary>
[CollectionDefinition(nameof(HostileCrowd), DisableParallelization = true)]
public sealed class HostileCrowd;

[Collection(nameof(HostileCrowd))]
public sealed class HostileCrowdTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan CrowdTime = TimeSpan.FromSeconds(40);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ten_thousand_hostile_connections_do_not_disturb_an_honest_pair(bool publish)
    {
        const int Hostile = 10_000;
        var log = new ListLogger();
        using RouterSocket router = Router(out int routerPort);
        using var publisher = new XPublisherSocket();
        int publisherPort = publisher.BindRandomPort("tcp://127.0.0.1");
        var limits = new GateLimits { HandshakeTimeout = Short, FirstMessageTimeout = Short, MessageTimeout = Short };
        await using ServerGate gate = OpenGate(routerPort, GateProfile.Receive(), limits, log);
        await using ServerGate publishing = OpenGate(publisherPort, GateProfile.Publish(), limits, log);
        ServerGate attacked = publish ? publishing : gate;
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        AssertRoundTrip(router, dealer, [1]);
        long before = Memory();

        using var over = new CancellationTokenSource(CrowdTime);
        using var done = new CancellationTokenSource();
        int exchanged = 0;
        Task honest = Task.Factory.StartNew(() => Exchange(router, dealer, ref exchanged, done.Token), TaskCreationOptions.LongRunning);
        long peak = 0;
        await Parallel.ForAsync(0, Hostile, new ParallelOptions { MaxDegreeOfParallelism = 300, CancellationToken = over.Token }, async (number, _) =>
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(over.Token);
            patience.CancelAfter(TimeSpan.FromSeconds(8));
            await HostilePeer.Numbered(number).RunAsync(attacked.EndPoints[0], patience.Token);
            if (number % 500 == 0)
                InterlockedMax(ref peak, Memory());
        });
        await UntilAsync(() => Volatile.Read(ref exchanged) >= 50 || honest.IsFaulted, "fifty honest exchanges");
        await done.CancelAsync();
        await honest;
        Assert.Empty(log.Errors);
        Assert.InRange(peak - before, long.MinValue, 300_000_000);
        await UntilAsync(() => attacked.Counters.Open <= 1, "the hostile connections to end");
        Assert.Equal(0, attacked.BudgetTaken);
        long refused = attacked.Counters.Snapshot().Where(pair => pair.Key is not ("Accepted" or "Admitted" or "Open")).Sum(pair => pair.Value);
        Assert.InRange(refused, Hostile * 8 / 10, Hostile);
    }

    [Fact]
    public async Task Thousands_of_half_open_connections_do_not_keep_an_honest_peer_out()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive());
        using var over = new CancellationTokenSource(CrowdTime);
        var held = new List<Task<bool>>();
        for (int number = 0; number < 3_000; number++)
            held.Add(HostilePeer.HoldAsync(gate.EndPoints[0], ZmtpBytes.Greeting()[..10], over.Token));
        await UntilAsync(() => gate.Counters.Refused(GateRefusal.HalfOpenEvicted) > 1_000, "the crowd to be there");

        long start = Stopwatch.GetTimestamp();
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        AssertRoundTrip(router, dealer, [1, 2, 3]);

        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 0, 3);
        Assert.True(gate.Counters.Open <= 512 + 2);
        await over.CancelAsync();
        await Task.WhenAll(held);
    }

    [Fact]
    public async Task Thousands_who_announce_large_frames_cost_no_memory()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive(), new GateLimits { FrameBudgetBytes = 32 * 1024 * 1024, MaxHalfOpen = 4_000 });
        using var over = new CancellationTokenSource(CrowdTime);
        byte[] says = [.. ZmtpBytes.Hello("DEALER"), .. ZmtpBytes.LongHeader(0, 16 * 1024 * 1024), 1];
        long before = Memory();
        var held = new List<Task<bool>>();
        for (int number = 0; number < 2_000; number++)
            held.Add(HostilePeer.HoldAsync(gate.EndPoints[0], says, over.Token));
        await UntilAsync(() => gate.Counters.Admitted == 2_000 && gate.BudgetTaken == 32 * 1024 * 1024, "all to announce", CrowdTime);

        // Without the budget it would be 32 GB.
        Assert.InRange(Memory() - before, long.MinValue, 400_000_000);
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        AssertRoundTrip(router, dealer, new byte[5_000]);
        await over.CancelAsync();
        await Task.WhenAll(held);
        await UntilAsync(() => gate.BudgetTaken == 0, "the budget to be given back");
    }

    [Fact]
    public async Task A_live_gate_survives_mutated_sessions_in_random_pieces()
    {
        var log = new ListLogger();
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive(), new GateLimits { CloseTimeout = TimeSpan.FromMilliseconds(200) }, log);
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        AssertRoundTrip(router, dealer, [1]);
        byte[] valid = [.. ZmtpBytes.Hello("DEALER"), .. ZmtpBytes.Frame(1, [1, 2]), .. ZmtpBytes.Frame(0, new byte[300]), .. ZmtpBytes.Frame(0, new byte[9_000])];
        int sessions = 0;
        using var over = new CancellationTokenSource();
        Task reading = Task.Factory.StartNew(() => Discard(router, over.Token), TaskCreationOptions.LongRunning);

        Gen.Select(Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte).Array[0, 3], Gen.Int[1, 200].Array[0, 8]).Sample(
            (changes, pieces) =>
            {
                byte[] says = [.. valid];
                foreach ((int at, byte to) in changes)
                    says[at] = to;
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.LingerState = new LingerOption(true, 0);
                socket.Connect(gate.EndPoints[0]);
                Say(socket, says, pieces);
                Interlocked.Increment(ref sessions);
            },
            iter: Fuzz.Costly,
            threads: 2);

        Assert.Equal(Fuzz.Costly, sessions);
        Assert.Empty(log.Errors);
        await UntilAsync(() => gate.Counters.Open == 1, "all sessions to end");
        Assert.Equal(0, gate.BudgetTaken);
        await over.CancelAsync();
        await reading;
        ExchangeOnce(router, dealer, [7, 7, 7, 7, 7]);
    }

    private static void Discard(RouterSocket router, CancellationToken over)
    {
        while (!over.IsCancellationRequested)
            router.TryReceiveFrameBytes(TimeSpan.FromMilliseconds(10), out _);
    }

    private static void Say(Socket socket, byte[] says, int[] pieces)
    {
        int at = 0;
        try
        {
            foreach (int piece in pieces)
            {
                int end = Math.Min(says.Length, at + piece);
                at += socket.Send(says.AsSpan(at, end - at));
            }

            socket.Send(says.AsSpan(at));
        }
        catch (SocketException)
        {
            // Thrown out in mid-sentence.
        }
    }

    /// <summary>Questions and answers, each checked, until told to stop.</summary>
    private static void Exchange(RouterSocket router, DealerSocket dealer, ref int exchanged, CancellationToken done)
    {
        while (!done.IsCancellationRequested)
        {
            byte[] body = new byte[exchanged % 10 == 0 ? 100_000 : 300];
            BitConverter.TryWriteBytes(body, exchanged);
            ExchangeOnce(router, dealer, body);
            Interlocked.Increment(ref exchanged);
        }
    }

    /// <summary>A question and its answer; what else comes through was valid as far as the gate can know.</summary>
    private static void ExchangeOnce(RouterSocket router, DealerSocket dealer, byte[] body)
    {
        Assert.True(dealer.TrySendFrame(Patience, body), "the honest DEALER could not send");
        NetMQMessage? received = null;
        do
            Assert.True(router.TryReceiveMultipartMessage(Patience, ref received), "an honest message was lost");
        while (!received!.Last.ToByteArray().SequenceEqual(body));
        router.SendMoreFrame(received[0].ToByteArray()).SendMoreFrame(received[1].ToByteArray()).SendFrame(body);
        Assert.True(dealer.TryReceiveFrameBytes(Patience, out byte[]? answer), "an honest answer was lost");
        Assert.Equal(body, answer);
    }

    private static long Memory() => Process.GetCurrentProcess().WorkingSet64;

    private static void InterlockedMax(ref long target, long value)
    {
        for (long seen = Interlocked.Read(ref target); value > seen;)
            seen = Interlocked.CompareExchange(ref target, value, seen) is var was && was == seen ? value : was;
    }
}
