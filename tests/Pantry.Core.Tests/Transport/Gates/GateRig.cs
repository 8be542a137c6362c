using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Transport.Gates;

/// <summary>Gates and NetMQ endpoints as tests want them.</summary>
internal static class GateRig
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public static IPEndPoint Loopback(int port) => new(IPAddress.Loopback, port);

    public static ServerGate OpenGate(int backendPort, GateProfile profile, GateLimits? limits = null, ILogger? log = null, params IPEndPoint[] listen) =>
        ServerGate.Open(
            listen.Length > 0 ? listen : [Loopback(0)],
            Loopback(backendPort),
            profile,
            limits ?? new GateLimits(),
            TimeProvider.System,
            log ?? NullLogger.Instance);

    /// <summary>Two ends of one connection.</summary>
    public static async Task<(Socket Ours, Socket Theirs)> ConnectedAsync()
    {
        using var listener = new TcpListener(Loopback(0));
        listener.Start();
        var theirs = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await theirs.ConnectAsync(listener.LocalEndpoint);
        return (await listener.AcceptSocketAsync().WaitAsync(Patience), theirs);
    }

    public static int Port(this ServerGate gate) => gate.EndPoints[0].Port;

    public static RouterSocket Router(out int port)
    {
        var router = new RouterSocket();
        router.Options.Backlog = 1024;
        router.Options.Linger = TimeSpan.FromSeconds(5);
        port = router.BindRandomPort("tcp://127.0.0.1");
        return router;
    }

    public static DealerSocket Dealer(out int port)
    {
        var dealer = new DealerSocket();
        dealer.Options.Linger = TimeSpan.FromSeconds(5);
        port = dealer.BindRandomPort("tcp://127.0.0.1");
        return dealer;
    }

    public static DealerSocket DealerTo(string address)
    {
        var dealer = new DealerSocket();
        dealer.Options.Linger = TimeSpan.FromSeconds(5);
        dealer.Connect(address);
        return dealer;
    }

    /// <summary>What the next peer has said: the link's name, the number of its connection, and its frames. Ends of others are passed over.</summary>
    public static NetMQMessage NextMessage(RouterSocket router)
    {
        NetMQMessage? received = null;
        do
            Assert.True(router.TryReceiveMultipartMessage(Patience, ref received), "nothing arrived at the ROUTER");
        while (received!.FrameCount == 2);
        return received;
    }

    /// <summary>Sends one frame through a server's gate and expects it back with an answer.</summary>
    public static void AssertRoundTrip(RouterSocket router, DealerSocket dealer, byte[] body)
    {
        Assert.True(dealer.TrySendFrame(Patience, body), "the DEALER could not send");
        NetMQMessage received = NextMessage(router);
        Assert.Equal(3, received.FrameCount);
        Assert.Equal(body, received[2].ToByteArray());
        Assert.True(router.TrySendMultipartMessage(Patience, received), "the ROUTER could not send");
        Assert.True(dealer.TryReceiveFrameBytes(Patience, out byte[]? answer), "no answer came to the DEALER");
        Assert.Equal(body, answer);
    }

    /// <summary>Waits for something that is about to be true.</summary>
    public static async Task UntilAsync(Func<bool> isSo, string what, TimeSpan? patience = null)
    {
        using var deadline = new CancellationTokenSource(patience ?? Patience);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!isSo())
        {
            try
            {
                await timer.WaitForNextTickAsync(deadline.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"In vain waited for: {what}");
            }
        }
    }
}
