using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using NetMQ.Sockets;
using Pantry.Tests.Attacks;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

public sealed class ClientGateTests
{
    private static readonly GateLimits Hasty = new()
    {
        HandshakeTimeout = TimeSpan.FromMilliseconds(300),
        BackendTimeout = TimeSpan.FromMilliseconds(300),
    };

    public static TheoryData<string, string, string> Impostors { get; } = new()
    {
        { "NotZmtp", "saw \"HTTP/1.1 400 Bad Request\"", "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n" },
        { "NotZmtp", "saw \"SSH-2.0-OpenSSH\"", "SSH-2.0-OpenSSH\r\n" },
        { "NotZmtp", "saw \"\\x01\\x00\"", "\u0001\0" },
        { "WrongZmtpVersion", "speaks ZMTP 1, expected 3.0", Text([0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1, 5]) },
        { "WrongMechanism", "demands the mechanism CURVE, expected NULL", Text(ZmtpBytes.Greeting(mechanism: "CURVE")) },
        { "WrongSocketType", "is a PUB socket, expected ROUTER", Text(ZmtpBytes.Hello("PUB")) },
        { "ProtocolViolation", "IdentityNotEmpty", Text([.. ZmtpBytes.Greeting(), .. ZmtpBytes.Ready("ROUTER", "x")]) },
        { "ProtocolViolation", "CommandFrame", Text([.. ZmtpBytes.Hello("ROUTER"), 0x04, 0x00]) },
        { "ProtocolViolation", "FrameTooLarge", Text([.. ZmtpBytes.Hello("ROUTER"), .. ZmtpBytes.LongHeader(0, 1UL << 40)]) },
    };

    [Theory]
    [MemberData(nameof(Impostors))]
    public async Task An_impostor_is_named_with_what_was_expected_and_seen(string kind, string says, string sends)
    {
        using RealDealer backend = new();
        using var impostor = new TcpListener(IPAddress.Loopback, 0);
        impostor.Start();
        using var over = new CancellationTokenSource(Patience);
        Task serving = ServeAsync(impostor, Encoding.Latin1.GetBytes(sends), over.Token);
        GateFault fault = await FirstFaultAsync(Options(Port(impostor)), backend.Port);

        Assert.Equal(kind, fault.Kind.ToString());
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        Assert.Contains($"127.0.0.1:{Port(impostor)}", fault.Message, StringComparison.Ordinal);
        await over.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task A_server_that_takes_the_connection_and_says_nothing_is_named_in_time()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        GateFault fault = await FirstFaultAsync(Options(Port(silent)), 1, Hasty);
        Assert.Equal(GateFaultKind.TimedOut, fault.Kind);
        Assert.Contains("did not complete the handshake within 0.3 s", fault.Message, StringComparison.Ordinal);
        Assert.Contains("saw nothing", fault.Message, StringComparison.Ordinal);
        Assert.True(new GateLimits().HandshakeTimeout + new DialOptions { Host = "", Port = 1 }.ConnectTimeout <= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Where_nothing_listens_it_says_so()
    {
        GateFault fault = await FirstFaultAsync(Options(FreePort()), 1);
        Assert.Equal(GateFaultKind.Refused, fault.Kind);
        Assert.Contains("start the server", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_without_an_address_is_named()
    {
        GateFault fault = await FirstFaultAsync(Options(1) with { Host = "no-such-host.invalid", ConnectTimeout = Patience }, 1);
        Assert.Equal(GateFaultKind.NameNotResolved, fault.Kind);
        Assert.Contains("no-such-host.invalid", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("2001:db8::1")]
    public async Task An_address_that_is_not_allowed_is_not_dialled(string host)
    {
        GateFault fault = await FirstFaultAsync(Options(1) with { Host = host, AllowAddress = IPAddress.IsLoopback }, 1);
        Assert.Equal(GateFaultKind.AddressNotAllowed, fault.Kind);
        Assert.Contains("only loopback addresses may be used", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_closes_during_the_handshake_is_named()
    {
        using var rude = new TcpListener(IPAddress.Loopback, 0);
        rude.Start();
        Task accepting = Task.Run(async () => (await rude.AcceptTcpClientAsync()).Close());
        GateFault fault = await FirstFaultAsync(Options(Port(rude)), 1);
        Assert.Equal(GateFaultKind.PeerClosed, fault.Kind);
        await accepting;
    }

    [Fact]
    public async Task Without_an_endpoint_of_our_own_the_fault_is_ours()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate server = OpenGate(backend, GateProfile.Receive());
        GateFault fault = await FirstFaultAsync(Options(server.Port()), FreePort(), Hasty);
        Assert.Equal(GateFaultKind.BackendUnavailable, fault.Kind);
    }

    [Fact]
    public async Task It_dials_for_ever_and_the_link_comes_back_with_the_server()
    {
        using RealDealer dealer = new();
        var states = new ConcurrentQueue<GateLinkState>();
        int port = FreePort();
        await using ClientGate gate = DialWith(Options(port) with { Backoff = Capped(200) }, dealer.Port, states);
        await UntilAsync(() => states.Count(state => !state.IsUp) >= 3, "three attempts in vain");
        Assert.All(states, state => Assert.Equal(GateFaultKind.Refused, state.Fault!.Kind));

        for (int life = 0; life < 2; life++)
        {
            states.Clear();
            using RouterSocket router = Router(out int backend);
            await using ServerGate server = OpenGate(backend, GateProfile.Receive(), null, null, Loopback(port));
            await UntilAsync(() => states.Any(state => state.IsUp), "the link to be up");
            await Task.Run(() => AssertRoundTrip(router, dealer.Socket, [(byte)life]));
            states.Clear();
            await server.StopAsync(TimeSpan.Zero);
            await UntilAsync(() => states.Any(state => state.Fault is { Kind: GateFaultKind.PeerClosed or GateFaultKind.Refused }), "the end of the link to be noticed");
        }
    }

    [Fact]
    public async Task The_name_is_looked_up_again_at_each_attempt()
    {
        var asked = new ConcurrentQueue<IPAddress>();
        DialOptions options = Options(FreePort()) with
        {
            Host = "localhost",
            Backoff = Capped(50),
            AllowAddress = address =>
            {
                asked.Enqueue(address);
                return IPAddress.IsLoopback(address);
            },
        };
        var states = new ConcurrentQueue<GateLinkState>();
        await using ClientGate gate = DialWith(options, 1, states);
        await UntilAsync(() => states.Count >= 4, "four attempts");
        Assert.True(asked.Count >= 4, $"addresses were looked at {asked.Count} times in four attempts");
    }

    [Fact]
    public async Task Redial_ends_a_long_wait_and_drops_a_present_link()
    {
        using RealDealer dealer = new();
        int port = FreePort();
        var states = new ConcurrentQueue<GateLinkState>();
        DialOptions slow = Options(port) with { Backoff = new Backoff(TimeSpan.FromHours(1), TimeSpan.FromHours(1), TimeSpan.FromHours(1)) };
        await using ClientGate gate = DialWith(slow, dealer.Port, states);
        await UntilAsync(() => !states.IsEmpty, "the first attempt");
        using RouterSocket router = Router(out int backend);
        await using ServerGate server = OpenGate(backend, GateProfile.Receive(), null, null, Loopback(port));

        gate.Redial();
        await UntilAsync(() => states.Any(state => state.IsUp), "the link to be up");

        states.Clear();
        gate.Redial();
        await UntilAsync(() => states.Any(state => state.IsUp), "the link to be up again");
        Assert.Equal(GateFaultKind.Dropped, states.First().Fault!.Kind);
        await UntilAsync(() => server.Counters.Accepted == 2, "a second connection");
    }

    [Fact]
    public async Task Stopping_waits_for_no_back_off_and_tells_once_that_the_link_is_down()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate server = OpenGate(backend, GateProfile.Receive());
        using RealDealer dealer = new();
        var states = new ConcurrentQueue<GateLinkState>();
        ClientGate gate = DialWith(Options(server.Port()), dealer.Port, states);
        await UntilAsync(() => states.Any(state => state.IsUp), "the link to be up");
        await gate.StopAsync(TimeSpan.Zero).WaitAsync(Patience);
        Assert.Equal([true, false], states.Select(state => state.IsUp));
        gate.Redial();
        await gate.DisposeAsync();
        await UntilAsync(() => server.Counters.Open == 0, "the server to see it");
    }

    [Fact]
    public async Task A_listener_that_throws_does_not_end_the_dialling()
    {
        int told = 0;
        await using var gate = new ClientGate(
            Options(FreePort()) with { Backoff = Capped(20) },
            Loopback(1),
            GateProfile.Answer(),
            new GateLimits(),
            TimeProvider.System,
            NullLogger.Instance,
            _ =>
            {
                Interlocked.Increment(ref told);
                throw new InvalidOperationException("not the gate's fault");
            });
        gate.Start();
        await UntilAsync(() => Volatile.Read(ref told) >= 3, "three attempts");
    }

    private static Backoff Capped(int milliseconds) => Options(1).Backoff with { Cap = TimeSpan.FromMilliseconds(milliseconds) };

    internal static DialOptions Options(int port) => new() { Host = "127.0.0.1", Port = port };

    internal static ClientGate DialWith(DialOptions options, int backend, ConcurrentQueue<GateLinkState> states, GateLimits? limits = null)
    {
        var gate = new ClientGate(
            options, Loopback(backend), GateProfile.Answer(), limits ?? new GateLimits(), TimeProvider.System, NullLogger.Instance, states.Enqueue);
        gate.Start();
        return gate;
    }

    internal static async Task<GateFault> FirstFaultAsync(DialOptions options, int backend, GateLimits? limits = null)
    {
        var states = new ConcurrentQueue<GateLinkState>();
        await using ClientGate gate = DialWith(options, backend, states, limits);
        await UntilAsync(() => states.Any(state => !state.IsUp), "a fault");
        return states.First(state => !state.IsUp).Fault!;
    }

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return Port(listener);
    }

    internal static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private static string Text(byte[] bytes) => Encoding.Latin1.GetString(bytes);

    private static async Task ServeAsync(TcpListener listener, byte[] says, CancellationToken over)
    {
        try
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync(over);
                await client.GetStream().WriteAsync(says, over);
                await client.GetStream().CopyToAsync(Stream.Null, over);
            }
        }
        catch (Exception error) when (error is OperationCanceledException or IOException)
        {
            // The test is over, or the client is gone.
        }
    }

    /// <summary>A DEALER of our own behind the gate.</summary>
    private sealed class RealDealer : IDisposable
    {
        public RealDealer()
        {
            Socket = Dealer(out int port);
            Port = port;
        }

        public DealerSocket Socket { get; }

        public int Port { get; }

        public void Dispose() => Socket.Dispose();
    }
}
