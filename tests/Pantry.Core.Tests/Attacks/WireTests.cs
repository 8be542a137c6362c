using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>What a connection without a session gets of what goes on: nothing that it can read, and nothing it says is heard.</summary>
public sealed class WireTests
{
    private const string Canary = "c4n4ry-in-an-order";

    [Fact]
    public async Task Whatever_a_raw_peer_says_to_the_ports_it_receives_nothing_of_the_orders_that_run()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("teller01", "bank", "production", ["vault"]);
        await Fleet.EventuallyAsync(() => fleet.Server.Registry.Find("teller01")!.HearsPublished, "the subscription");
        using var over = new CancellationTokenSource();
        Task<int> orders = RunOrdersAsync(fleet, over.Token);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
        int[] ports = [fleet.Server.PublishPort, fleet.Server.ReceivePort, fleet.Server.FilePort];

        var heard = new List<byte[]>();
        while (!patience.IsCancellationRequested)
            heard.AddRange(await Task.WhenAll(Scripts().SelectMany(script => ports.Select(port => ListenAsync(port, script, patience.Token)))));
        await over.CancelAsync();

        Assert.InRange(await orders, 3, int.MaxValue);
        string wire = Encoding.Latin1.GetString([.. heard.SelectMany(bytes => bytes)]);
        foreach (string word in (string[])[Canary, "teller01", "bank", "production", "vault", "PTRY", "Echo"])
            Assert.DoesNotContain(word, wire, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(fleet.Server.Statistics().ConnectionsRefused.Values.Sum(), heard.Count / 2, long.MaxValue);
    }

    [Fact]
    public async Task What_is_said_in_the_clear_to_the_answer_port_is_counted_and_not_handled()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("teller01");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        using CurveKeyPair key = CurveKeyPair.Generate();
        Message[] messages =
        [
            new(MessageKind.Register, Fleet.NewRegister("stranger"), 1),
            new(MessageKind.Connect, new Connect("c", "1"), 1),
            new(MessageKind.StartJob, new StartJob([], Target.All, 1, RolloutPlan.AtOnce), 1),
            new(MessageKind.Redeem, new Redeem(key.PublicKey.ToString(), "x"), 1),
            new(MessageKind.DecideClient, new DecideClient(ClientDecision.Revoke, "teller01", null), 1),
            new(MessageKind.Leave, new Leave("bye", Forget: true), 1),
        ];
        foreach (Message message in messages)
        {
            using RawZmtp peer = await RawZmtp.ConnectAsync(fleet.Server.ReceivePort, cancel: deadline.Token);
            await peer.GreetAsync("DEALER", deadline.Token);
            byte[][] frames = MessageCodec.Encode(message);
            await peer.SendAsync([.. frames.Index().SelectMany(frame => ZmtpBytes.Frame((byte)(frame.Index < frames.Length - 1 ? 1 : 0), frame.Item))], deadline.Token);
            // Closed, and nothing was said about it.
            Assert.Empty(await peer.ReadToEndAsync(deadline.Token));
            Assert.False(deadline.IsCancellationRequested, "The connection was not closed.");
        }

        Assert.Equal(messages.Length, fleet.Server.Statistics().MessagesDropped["NoSession"]);
        ClientInfo only = await fleet.Server.Fleet.FindClientsAsync(new ClientFilter(), default).SingleAsync();
        Assert.Equal(("teller01", ClientStatus.Online), (only.Identity, only.Status));
        Assert.Single(fleet.Server.Sessions);
    }

    [Theory]
    [InlineData(1, "NotZmtp")]
    [InlineData(2, "WrongVersion")]
    public async Task A_peer_of_ZMTP_1_or_2_gets_no_message_through_to_the_answer_port_and_each_try_is_counted(int version, string counted)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("teller01");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        long admitted = fleet.Server.Statistics().ConnectionsAdmitted;
        Message[] messages =
        [
            new(MessageKind.Register, Fleet.NewRegister("stranger"), 1),
            new(MessageKind.StartJob, new StartJob([], Target.All, 1, RolloutPlan.AtOnce), 1),
            new(MessageKind.Leave, new Leave("bye", Forget: true), 1),
        ];
        foreach (Message message in messages)
        {
            using RawZmtp peer = await RawZmtp.ConnectAsync(fleet.Server.ReceivePort, cancel: deadline.Token);
            try
            {
                await peer.SendAsync([.. Greeting(version), .. MessageCodec.Encode(message).Index().SelectMany(frame => Old(version, frame.Item, more: frame.Index == 0))], deadline.Token);
            }
            catch (SocketException)
            {
                // Cut at its first bytes.
            }

            await peer.ReadToEndAsync(deadline.Token);
            Assert.False(deadline.IsCancellationRequested, "The connection was not closed.");
        }

        await Fleet.EventuallyAsync(
            () => fleet.Server.Statistics().ConnectionsRefused.GetValueOrDefault(counted) == messages.Length, "all of them to be counted");
        // None of them got behind the gate.
        Assert.Equal(admitted, fleet.Server.Statistics().ConnectionsAdmitted);
        Assert.Empty(fleet.Server.Statistics().MessagesDropped);
        Assert.Equal("teller01", (await fleet.Server.Fleet.FindClientsAsync(new ClientFilter(), default).SingleAsync()).Identity);
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await fleet.RunAsync(Target.All, "Ping")).Result.Status);
    }

    // An anonymous DEALER of ZMTP 1.0, or of 2.0.
    private static byte[] Greeting(int version) => version == 1 ? [0x01, 0x00] : [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0x01, 0x05, 0x00, 0x00];

    private static byte[] Old(int version, byte[] body, bool more)
    {
        byte flags = (byte)(more ? 1 : 0);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(length, body.Length + (version == 1 ? 1 : 0));
        return version == 1 ? [0xff, .. length, flags, .. body] : [(byte)(flags | 2), .. length, .. body];
    }

    private static IEnumerable<byte[]> Scripts()
    {
        byte[] all = ZmtpBytes.Subscription([]);
        yield return [0x01, 0x00];
        yield return [0x01, 0x00, 0x02, 0x00, 0x01];
        yield return [0x01, 0x00, 0x01, 0x01];
        // ZMTP 2.0, as SUB and as DEALER.
        yield return [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0x01, 0x02, 0x00, 0x00, 0x00, 0x01, 0x01];
        yield return [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0x01, 0x05, 0x00, 0x00, 0x00, 0x01, 0x61];
        foreach (string mechanism in (string[])["CURVE", "PLAIN", "GSSAPI", ""])
            yield return [.. ZmtpBytes.Greeting(mechanism: mechanism), .. ZmtpBytes.Ready("SUB"), .. all];
        yield return [.. ZmtpBytes.Greeting(minor: 1), .. ZmtpBytes.Ready("SUB"), .. ZmtpBytes.Command("SUBSCRIBE", [])];
        foreach (string type in (string[])["SUB", "XSUB", "DEALER", "ROUTER", "PUB"])
            yield return [.. ZmtpBytes.Hello(type), .. all];
        foreach (int length in (int[])[1, 8, 15, 17, 32])
            yield return [.. ZmtpBytes.Hello("SUB"), .. ZmtpBytes.Subscription(new byte[length])];
        yield return [.. ZmtpBytes.Hello("SUB"), .. ZmtpBytes.Subscription("bank.production\0"u8.ToArray()), .. all];
    }

    private static async Task<byte[]> ListenAsync(int port, byte[] script, CancellationToken end)
    {
        try
        {
            using RawZmtp peer = await RawZmtp.ConnectAsync(port, cancel: end);
            await peer.SendAsync(script, end);
            return await peer.ReadToEndAsync(end);
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return [];
        }
    }

    private static async Task<int> RunOrdersAsync(Fleet fleet, CancellationToken over)
    {
        int ran = 0;
        while (!over.IsCancellationRequested)
        {
            List<ResultRow> rows = await fleet.RunAsync(Target.OfStreams("bank.production.vault"), "Echo", new { message = Canary });
            Assert.Equal(CommandStatus.Succeeded, Assert.Single(rows).Result.Status);
            ran++;
        }

        return ran;
    }
}
