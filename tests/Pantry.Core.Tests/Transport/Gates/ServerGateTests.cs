using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Tests.Attacks;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

public sealed class ServerGateTests
{
    /// <remarks>
    /// The endpoint is a bare socket here, because NetMQ itself loses queued messages when it is disposed, Linger or not.
    /// </remarks>
    [Fact]
    public async Task Stopping_forwards_all_that_the_endpoint_had_sent_and_leaves_the_port_free()
    {
        using var endpoint = new EndpointStub(ZmtpSocketType.Router);
        ServerGate gate = OpenGate(endpoint.Port, GateProfile.Receive());
        int port = gate.Port();
        using var peer = new TcpClient();
        await peer.ConnectAsync(gate.EndPoints[0]);
        await peer.GetStream().WriteAsync((byte[])[.. ZmtpBytes.Hello("DEALER"), 0, 1, 7]);
        byte[] said = RandomNumberGenerator.GetBytes(5_000_000);
        using (LinkEnd link = await endpoint.AcceptAsync())
        {
            Assert.Equal([7], (await link.ReadAsync())![1]);
            Task sending = link.SayAsync(1, [1], said).AsTask();
            Task stopping = gate.StopAsync(Patience);
            var got = new byte[ZmtpReady.Hello(ZmtpSocketType.Router).Length + 3 + 9 + said.Length];
            Task reading = peer.GetStream().ReadExactlyAsync(got).AsTask();
            await sending.WaitAsync(Patience);
            link.Dispose();
            await reading.WaitAsync(Patience);
            Assert.Equal(said, got[^said.Length..]);
            Assert.Equal(0, await peer.GetStream().ReadAsync(got));
            peer.Close();
            await stopping.WaitAsync(Patience);
        }

        Assert.Equal(0, gate.Counters.Open);
        Assert.Equal(0, gate.Counters.Refused(GateRefusal.Stopped));
        await using ServerGate again = OpenGate(1, GateProfile.Receive(), null, null, Loopback(port));
        Assert.Equal(port, again.Port());
    }

    [Fact]
    public async Task What_a_peer_sent_before_it_closed_still_arrives()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive());
        using (var peer = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await peer.ConnectAsync(gate.EndPoints[0]);
            await peer.SendAsync((byte[])[.. ZmtpBytes.Hello("DEALER"), .. ZmtpBytes.Frame(0, new byte[200_000]), .. ZmtpBytes.Frame(0, [9])]);
            peer.Shutdown(SocketShutdown.Send);
            Assert.Equal(200_000, NextMessage(router).Last.BufferSize);
            Assert.Equal([9], NextMessage(router).Last.ToByteArray());
            NetMQMessage? end = null;
            Assert.True(router.TryReceiveMultipartMessage(Patience, ref end));
            Assert.Equal(2, end!.FrameCount);
        }

        await UntilAsync(() => gate.Counters.Open == 0, "the connection to end");
    }

    [Fact]
    public async Task Stopping_without_a_drain_cuts_what_is_open_and_half_open()
    {
        using RouterSocket router = Router(out int backend);
        ServerGate gate = OpenGate(backend, GateProfile.Receive());
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        AssertRoundTrip(router, dealer, [1]);
        using var halfOpen = new TcpClient();
        await halfOpen.ConnectAsync(gate.EndPoints[0]);
        await UntilAsync(() => gate.Counters.Open == 2, "both to be accepted");

        await gate.StopAsync(TimeSpan.Zero).WaitAsync(Patience);

        Assert.Equal(0, gate.Counters.Open);
        Assert.Equal(2, gate.Counters.Refused(GateRefusal.Stopped));
        using var late = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(gate.EndPoints[0]));
        await gate.StopAsync(Patience);
        await gate.DisposeAsync();
    }

    [Fact]
    public async Task A_port_in_use_and_an_address_of_another_machine_are_named_with_a_cure()
    {
        await using ServerGate first = OpenGate(1, GateProfile.Receive());

        var inUse = Assert.Throws<PantryException>(() => OpenGate(1, GateProfile.Receive(), null, null, Loopback(first.Port())));
        Assert.Equal(PantryErrorCode.PortInUse, inUse.Code);
        Assert.Contains($"Port {first.Port()} on address 127.0.0.1 is in use", inUse.Message, StringComparison.Ordinal);
        Assert.Contains("choose another port", inUse.Message, StringComparison.Ordinal);

        var elsewhere = Assert.Throws<PantryException>(
            () => OpenGate(1, GateProfile.Receive(), null, null, new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0)));
        Assert.Equal(PantryErrorCode.InvalidAddress, elsewhere.Code);
        Assert.Contains("192.0.2.1", elsewhere.Message, StringComparison.Ordinal);

        // A failed opening holds none of the ports it had opened before the failing one.
        using var taken = new TcpListener(IPAddress.IPv6Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Assert.Throws<PantryException>(
            () => OpenGate(1, GateProfile.Receive(), null, null, Loopback(port), new IPEndPoint(IPAddress.IPv6Loopback, port)));
        await using ServerGate free = OpenGate(1, GateProfile.Receive(), null, null, Loopback(port));
    }

    [Fact]
    public void Limits_that_make_no_sense_are_refused()
    {
        Assert.Throws<PantryException>(() => OpenGate(1, GateProfile.Receive(), new GateLimits { MaxHalfOpen = 0 }));
        Assert.Throws<PantryException>(() => OpenGate(1, GateProfile.Receive(), new GateLimits { FrameBudgetBytes = 1000 }));
        Assert.Throws<PantryException>(() => OpenGate(1, GateProfile.Publish() with { TopicBytes = 17 }));
    }

    [Fact]
    public async Task Over_the_frame_budget_a_connection_waits_and_loses_nothing()
    {
        using RouterSocket router = Router(out int backend);
        GateProfile profile = GateProfile.Receive() with { MaxFrameBytes = 100_000, MaxMessageBytes = 100_000 };
        await using ServerGate gate = OpenGate(backend, profile, new GateLimits { FrameBudgetBytes = 100_000 });
        using var holder = new TcpClient();
        await holder.ConnectAsync(gate.EndPoints[0]);
        await holder.GetStream().WriteAsync((byte[])[.. ZmtpBytes.Hello("DEALER"), .. ZmtpBytes.LongHeader(0, 90_000)]);
        await UntilAsync(() => gate.BudgetTaken == 90_000, "the budget to be taken");

        byte[] body = RandomNumberGenerator.GetBytes(50_000);
        using DealerSocket waiting = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        Assert.True(waiting.TrySendFrame(Patience, body));
        Assert.False(router.TryReceiveFrameBytes(TimeSpan.FromMilliseconds(300), out _), "it did not wait for the budget");
        using DealerSocket small = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        Assert.True(small.TrySendFrame(Patience, "small"));
        Assert.Equal("small", NextMessage(router).Last.ConvertToString());

        holder.Dispose();
        Assert.Equal(body, NextMessage(router).Last.ToByteArray());
        await UntilAsync(() => gate.BudgetTaken == 0, "the budget to be given back");
    }

    [Fact]
    public async Task Over_its_rate_a_connection_is_slowed_and_loses_nothing()
    {
        using RouterSocket router = Router(out int backend);
        var limits = new GateLimits { MessagesPerSecond = 100, BurstSeconds = 0.1 };
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive(), limits);
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        for (int number = 0; number < 20; number++)
            AssertRoundTrip(router, dealer, [(byte)number]);
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, 0.08, 5);
        Assert.Equal(1, gate.Counters.Open);
    }

    [Fact]
    public async Task A_log_of_refusals_names_the_reason_and_no_bytes_of_the_peer()
    {
        var log = new ListLogger();
        await using ServerGate gate = OpenGate(1, GateProfile.Receive(), null, log);
        using var deadline = new CancellationTokenSource(Patience);
        await HostilePeer.Named("HTTP").RunAsync(gate.EndPoints[0], deadline.Token);
        await UntilAsync(() => log.Lines.Any(line => line.Contains("NotZmtp", StringComparison.Ordinal)), "the refusal in the log");
        Assert.DoesNotContain(log.Lines, line => line.Contains("GET", StringComparison.Ordinal));
    }
}
