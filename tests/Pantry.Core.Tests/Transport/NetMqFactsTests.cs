using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Tests.Attacks;

namespace Pantry.Tests.Transport;

/// <summary>
/// What NetMQ does, as measured, and why there is a gate. When one of these fails, NetMQ has changed, and what was built
/// around the fact may go.
/// </summary>
public sealed class NetMqFactsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_CURVE_ROUTER_takes_any_client_key()
    {
        var serverKey = new NetMQCertificate();
        using var router = new RouterSocket();
        router.Options.CurveServer = true;
        router.Options.CurveCertificate = serverKey;
        int port = router.BindRandomPort("tcp://127.0.0.1");
        using var stranger = new DealerSocket();
        stranger.Options.CurveServerKey = serverKey.PublicKey;
        stranger.Options.CurveCertificate = new NetMQCertificate();
        stranger.Connect($"tcp://127.0.0.1:{port}");

        Assert.True(stranger.TrySendFrame(Patience, "nobody knows my key"));
        Assert.True(router.TryReceiveFrameBytes(Patience, out _));
        Assert.True(router.TryReceiveFrameString(Patience, out string? heard));
        Assert.Equal("nobody knows my key", heard);
    }

    [Theory]
    [InlineData(new byte[] { 0x01, 0x00, 0x06, 0x00, (byte)'p', (byte)'l', (byte)'a', (byte)'i', (byte)'n' })]
    [InlineData(new byte[] { 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0x01, 0x05, 0x00, 0x00, 0x00, 0x05, (byte)'p', (byte)'l', (byte)'a', (byte)'i', (byte)'n' })]
    public async Task A_CURVE_ROUTER_delivers_the_plaintext_of_old_protocols(byte[] session)
    {
        using var router = new RouterSocket();
        router.Options.CurveServer = true;
        router.Options.CurveCertificate = new NetMQCertificate();
        int port = router.BindRandomPort("tcp://127.0.0.1");
        using var peer = new TcpClient();
        await peer.ConnectAsync(IPAddress.Loopback, port);
        await peer.GetStream().WriteAsync(session);

        Assert.True(router.TryReceiveFrameBytes(Patience, out _));
        Assert.True(router.TryReceiveFrameString(Patience, out string? heard));
        Assert.Equal("plain", heard);
    }

    [Fact]
    public async Task A_CURVE_PUB_gives_plaintext_to_a_peer_of_ZMTP_1()
    {
        using var publisher = new XPublisherSocket();
        publisher.Options.CurveServer = true;
        publisher.Options.CurveCertificate = new NetMQCertificate();
        int port = publisher.BindRandomPort("tcp://127.0.0.1");
        using var peer = new TcpClient();
        await peer.ConnectAsync(IPAddress.Loopback, port);
        await peer.GetStream().WriteAsync((byte[])[0x01, 0x00, 0x02, 0x00, 0x01]);
        Assert.True(publisher.TryReceiveFrameBytes(Patience, out _));

        publisher.SendFrame("the secret order");

        using var deadline = new CancellationTokenSource(Patience);
        var seen = new MemoryStream();
        byte[] buffer = new byte[256];
        while (!System.Text.Encoding.Latin1.GetString(seen.ToArray()).Contains("the secret order", StringComparison.Ordinal))
        {
            int count = await peer.GetStream().ReadAsync(buffer, deadline.Token);
            Assert.NotEqual(0, count);
            seen.Write(buffer, 0, count);
        }
    }

    [Fact]
    public async Task One_empty_command_frame_of_a_stranger_ends_the_process()
    {
        using Process bare = Attacks.BareNetMq.Launch();
        string? port = await bare.StandardOutput.ReadLineAsync().WaitAsync(Patience);
        using var peer = new TcpClient();
        await peer.ConnectAsync(IPAddress.Loopback, int.Parse(port!, System.Globalization.CultureInfo.InvariantCulture));
        // The harmless half first, so that it is the frame and nothing else that does it.
        await peer.GetStream().WriteAsync((byte[])[.. ZmtpBytes.Hello("DEALER"), .. ZmtpBytes.Frame(0, [1, 2, 3])]);
        Assert.Equal("3", await bare.StandardOutput.ReadLineAsync().WaitAsync(Patience));

        await peer.GetStream().WriteAsync((byte[])[0x04, 0x00]);

        await bare.WaitForExitAsync().WaitAsync(Patience);
        Assert.NotEqual(0, bare.ExitCode);
        Assert.Contains("Unhandled exception", await bare.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_first_to_claim_an_identity_keeps_it()
    {
        using var router = new RouterSocket();
        int port = router.BindRandomPort("tcp://127.0.0.1");
        using DealerSocket squatter = Claiming("web1", port);
        Assert.True(squatter.TrySendFrame(Patience, "squatter"));
        Assert.True(router.TryReceiveFrameString(Patience, out string? identity));
        Assert.Equal("web1", identity);
        Assert.True(router.TryReceiveFrameString(Patience, out _));

        using DealerSocket owner = Claiming("web1", port);
        Assert.True(owner.TrySendFrame(Patience, "owner"));
        using DealerSocket other = Claiming("other", port);
        Assert.True(other.TrySendFrame(Patience, "other"));
        Assert.True(router.TryReceiveFrameString(Patience, out identity));
        Assert.Equal("other", identity);
        Assert.True(router.TryReceiveFrameString(Patience, out _));
        Assert.False(router.TryReceiveFrameString(TimeSpan.FromMilliseconds(200), out _), "the owner was heard");
    }

    [Fact]
    public void A_PUB_drops_silently_what_a_slow_subscriber_does_not_take()
    {
        const int Sent = 5_000;
        using var publisher = new XPublisherSocket();
        int port = publisher.BindRandomPort("tcp://127.0.0.1");
        using var slow = new SubscriberSocket();
        slow.Connect($"tcp://127.0.0.1:{port}");
        slow.SubscribeToAnyTopic();
        Assert.True(publisher.TryReceiveFrameBytes(Patience, out _));
        for (int number = 0; number < Sent; number++)
            Assert.True(publisher.TrySendFrame(new byte[10_000]));

        int received = 0;
        while (slow.TryReceiveFrameBytes(TimeSpan.FromMilliseconds(300), out _))
            received++;
        Assert.InRange(received, 1, Sent - 1);
    }

    [Fact]
    public void A_ROUTER_drops_silently_what_is_for_nobody()
    {
        using var router = new RouterSocket();
        router.BindRandomPort("tcp://127.0.0.1");
        var message = new NetMQMessage([new NetMQFrame("nobody"), new NetMQFrame("lost")]);
        Assert.True(router.TrySendMultipartMessage(Patience, message));
    }

    /// <remarks>A queue is worse: NetMQQueue.Enqueue after Dispose loses the item or never returns, so no test does it.</remarks>
    [Fact]
    public async Task A_task_given_to_a_stopped_poller_never_completes()
    {
        var poller = new NetMQPoller();
        var thread = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        poller.RunAsync();
        var first = new Task(() => thread.SetResult(Thread.CurrentThread.IsBackground));
        first.Start(poller);
        Assert.False(await thread.Task.WaitAsync(Patience), "the poller's thread is a background thread by default");

        poller.Stop();
        var late = new Task(() => { });
        late.Start(poller);
        await Assert.ThrowsAsync<TimeoutException>(() => late.WaitAsync(TimeSpan.FromMilliseconds(200)));
        poller.Dispose();
    }

    [Fact]
    public void Linger_is_zero_by_default()
    {
        using var dealer = new DealerSocket();
        Assert.Equal(TimeSpan.Zero, dealer.Options.Linger);
    }

    private static DealerSocket Claiming(string identity, int port)
    {
        var dealer = new DealerSocket();
        dealer.Options.Identity = System.Text.Encoding.ASCII.GetBytes(identity);
        dealer.Connect($"tcp://127.0.0.1:{port}");
        return dealer;
    }
}
