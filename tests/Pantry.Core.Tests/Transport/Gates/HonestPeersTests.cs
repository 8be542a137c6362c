using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging.Abstractions;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Transport.Gates;
using static Pantry.Tests.Transport.Gates.GateRig;

namespace Pantry.Tests.Transport.Gates;

public sealed class HonestPeersTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "[::1]")]
    [InlineData("127.0.0.1", "localhost")]
    public async Task A_DEALER_and_a_ROUTER_talk_through_the_server_gate(string listen, string dial)
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive(), null, null, new IPEndPoint(IPAddress.Parse(listen), 0));
        Assert.NotEqual(0, gate.Port());
        using DealerSocket dealer = DealerTo($"tcp://{dial}:{gate.Port()}");

        foreach (int size in new[] { 0, 1, 255, 256, 8 * 1024, 8 * 1024 + 1, 65_535, 250_000, 5_000_000 })
            AssertRoundTrip(router, dealer, RandomNumberGenerator.GetBytes(size));

        Assert.Equal(1, gate.Counters.Admitted);
        await UntilAsync(() => gate.BudgetTaken == 0, "the frame budget to be given back");
    }

    [Fact]
    public async Task Messages_of_many_frames_arrive_as_they_were_sent()
    {
        using RouterSocket router = Router(out int backend);
        await using ServerGate gate = OpenGate(backend, GateProfile.Receive());
        using DealerSocket dealer = DealerTo($"tcp://127.0.0.1:{gate.Port()}");
        var message = new NetMQMessage();
        foreach (int size in new[] { 0, 3, 300, 9_000, 100_000, 0, 7, 20_000 })
            message.Append(RandomNumberGenerator.GetBytes(size));
        var expected = message.Select(frame => Convert.ToHexString(frame.ToByteArray())).ToList();

        for (int round = 0; round < 20; round++)
        {
            Assert.True(dealer.TrySendMultipartMessage(Patience, message));
            Assert.Equal(expected, NextMessage(router).Skip(2).Select(frame => Convert.ToHexString(frame.ToByteArray())));
        }

        await UntilAsync(() => gate.BudgetTaken == 0, "the frame budget to be given back");
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("localhost")]
    public async Task Both_gates_together_carry_messages_and_orders(string host)
    {
        using RouterSocket router = Router(out int routerPort);
        using var publisher = new XPublisherSocket();
        int publisherPort = publisher.BindRandomPort("tcp://127.0.0.1");
        IPEndPoint[] listen = [new(IPAddress.Loopback, 0), new(IPAddress.IPv6Loopback, 0)];
        await using ServerGate receiving = OpenGate(routerPort, GateProfile.Receive(), null, null, listen);
        await using ServerGate publishing = OpenGate(publisherPort, GateProfile.Publish(), null, null, listen);
        Assert.All(receiving.EndPoints, endPoint => Assert.Equal(receiving.Port(), endPoint.Port));

        using DealerSocket dealer = Dealer(out int dealerPort);
        using var subscriber = new SubscriberSocket();
        int subscriberPort = subscriber.BindRandomPort("tcp://127.0.0.1");
        await using ClientGate answering = DialWith(host, receiving.Port(), dealerPort, GateProfile.Answer());
        await using ClientGate subscribing = DialWith(host, publishing.Port(), subscriberPort, GateProfile.Subscribe());

        await Task.Run(() => AssertRoundTrip(router, dealer, RandomNumberGenerator.GetBytes(300_000)));

        byte[] topic = RandomNumberGenerator.GetBytes(16);
        subscriber.Subscribe(topic);
        byte[]? subscription = null;
        // A bound SUB learns of its peer, and tells it the subscriptions, when it is polled.
        await UntilAsync(
            () => !subscriber.TryReceiveFrameBytes(out _) && publisher.TryReceiveFrameBytes(out subscription),
            "the subscription to arrive");
        Assert.Equal((byte[])[1, .. topic], subscription);
        publisher.SendMoreFrame(topic).SendFrame("order");
        publisher.SendMoreFrame(RandomNumberGenerator.GetBytes(16)).SendFrame("not for us");
        publisher.SendMoreFrame(topic).SendFrame("second order");
        NetMQMessage? order = null;
        Assert.True(subscriber.TryReceiveMultipartMessage(Patience, ref order));
        Assert.Equal("order", order![1].ConvertToString());
        Assert.True(subscriber.TryReceiveMultipartMessage(Patience, ref order));
        Assert.Equal("second order", order![1].ConvertToString());

        subscriber.Unsubscribe(topic);
        Assert.True(publisher.TryReceiveFrameBytes(Patience, out byte[]? withdrawn));
        Assert.Equal((byte[])[0, .. topic], withdrawn);
    }

    private static ClientGate DialWith(string host, int port, int backend, GateProfile profile)
    {
        var gate = new ClientGate(
            new DialOptions { Host = host, Port = port }, Loopback(backend), profile, new GateLimits(), TimeProvider.System, NullLogger.Instance);
        gate.Start();
        return gate;
    }
}
