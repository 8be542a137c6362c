using System.Net;
using System.Net.Sockets;
using Pantry.Transport.Gates;

namespace Pantry.Tests.Attacks;

/// <summary>Which kind of port an attack is meant for; it may be aimed at any.</summary>
internal enum AttackedPort
{
    Any,
    Receive,
    Publish,
}

/// <summary>A named attack on a ZMTP port: connects, does harm, and waits to be thrown out.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Port">The port it is meant for.</param>
/// <param name="Reason">Why a gate on that port must refuse it.</param>
/// <param name="RunAsync">Attacks one endpoint; true if the connection was closed by the other side.</param>
internal sealed record HostilePeer(
    string Name, AttackedPort Port, GateRefusal Reason, Func<IPEndPoint, CancellationToken, Task<bool>> RunAsync)
{
    private static readonly byte[] Topic = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    private static readonly byte[] Dealer = ZmtpBytes.Hello("DEALER");

    private static readonly byte[] Sub = ZmtpBytes.Hello("SUB");

    /// <summary>Attacks that say all they have to say at once.</summary>
    public static IReadOnlyList<HostilePeer> All { get; } =
    [
        Any("ZMTP 1.0 greeting", GateRefusal.NotZmtp, [0x01, 0x00]),
        Any("ZMTP 1.0 subscription to everything", GateRefusal.NotZmtp, [0x01, 0x00, 0x02, 0x00, 0x01]),
        Any("ZMTP 1.0 message", GateRefusal.NotZmtp, [0x01, 0x00, 0x06, 0x00, .. "order"u8]),
        Any("ZMTP 1.0 in long form", GateRefusal.NotZmtp, [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x00]),
        Any("ZMTP 2.0 DEALER", GateRefusal.WrongVersion, [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0x01, 0x05, 0x00, 0x00, 0x00, 0x01, 0x61]),
        Any("ZMTP 2.0 SUB", GateRefusal.WrongVersion, [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 0x01, 0x02, 0x00, 0x00, 0x00, 0x01, 0x01]),
        Any("HTTP", GateRefusal.NotZmtp, [.. "GET / HTTP/1.1\r\nHost: pantry\r\n\r\n"u8]),
        Any("TLS", GateRefusal.NotZmtp, [0x16, 0x03, 0x01, 0x00, 0xa5, 0x01, 0x00, 0x00, 0xa1]),
        Any("SSH", GateRefusal.NotZmtp, [.. "SSH-2.0-OpenSSH_9.9\r\n"u8]),
        Any("identity in the signature", GateRefusal.NotZmtp, ZmtpBytes.Greeting(padding: 6)),
        Any("version 4", GateRefusal.WrongVersion, ZmtpBytes.Greeting(major: 4)),
        Any("version 3.2", GateRefusal.WrongVersion, ZmtpBytes.Greeting(minor: 2)),
        Any("CURVE", GateRefusal.WrongMechanism, ZmtpBytes.Greeting(mechanism: "CURVE")),
        Any("PLAIN", GateRefusal.WrongMechanism, ZmtpBytes.Greeting(mechanism: "PLAIN")),
        Any("NULL with a tail", GateRefusal.WrongMechanism, ZmtpBytes.Greeting(mechanism: "NULL\0x")),
        Any("as-server", GateRefusal.MalformedGreeting, ZmtpBytes.Greeting(asServer: 1)),
        Any("filler", GateRefusal.MalformedGreeting, ZmtpBytes.Greeting(filler: 1)),
        Greeted("message instead of READY", GateRefusal.MalformedReady, ZmtpBytes.Frame(0, [1])),
        Greeted("empty command instead of READY", GateRefusal.MalformedReady, [0x04, 0x00]),
        Greeted("READY in a long frame", GateRefusal.MalformedReady, ZmtpBytes.LongHeader(0x04, 41)),
        Greeted("READY with MORE", GateRefusal.MalformedReady, [0x05, 0x06, .. "\u0005READY"u8]),
        Greeted("ERROR", GateRefusal.MalformedReady, ZmtpBytes.Command("ERROR", [3], "bad"u8.ToArray())),
        Greeted("READY without properties", GateRefusal.MalformedReady, ZmtpBytes.Command("READY")),
        Greeted("READY without a socket type", GateRefusal.MalformedReady, ZmtpBytes.Command("READY", ZmtpBytes.Property("Identity", ""))),
        Greeted("READY that ends in a name", GateRefusal.MalformedReady, ZmtpBytes.Command("READY", [11, (byte)'S'])),
        Greeted("READY that ends in a length", GateRefusal.MalformedReady, ZmtpBytes.Command("READY", [1, (byte)'S', 0, 0])),
        Greeted("READY with a value of 4 GiB", GateRefusal.MalformedReady, ZmtpBytes.Command("READY", ZmtpBytes.Property("Socket-Type", [1], uint.MaxValue))),
        Greeted("READY with a value of 2 GiB", GateRefusal.MalformedReady, ZmtpBytes.Command("READY", ZmtpBytes.Property("Socket-Type", [1], 0x8000_0000))),
        Greeted("READY with an unknown property", GateRefusal.MalformedReady, [.. ZmtpBytes.Command("READY", ZmtpBytes.Property("Socket-Type", "DEALER"), ZmtpBytes.Property("X-Admin", "1"))]),
        Greeted("READY with two socket types", GateRefusal.MalformedReady, ZmtpBytes.Command("READY", ZmtpBytes.Property("Socket-Type", "DEALER"), ZmtpBytes.Property("Socket-Type", "SUB"))),
        Greeted("READY of a PUSH", GateRefusal.WrongSocketType, ZmtpBytes.Ready("PUSH", null)),
        Greeted("READY of a ROUTER", GateRefusal.WrongSocketType, ZmtpBytes.Ready("ROUTER")),
        Greeted("READY of an XSUB", GateRefusal.WrongSocketType, ZmtpBytes.Ready("XSUB", null)),
        Greeted("an identity", GateRefusal.IdentityNotEmpty, ZmtpBytes.Ready("DEALER", "web1")),
        Receive("empty command after READY", GateRefusal.CommandFrame, [0x04, 0x00]),
        Receive("PING", GateRefusal.CommandFrame, ZmtpBytes.Command("PING", [0, 10])),
        Receive("SUBSCRIBE command", GateRefusal.CommandFrame, ZmtpBytes.Command("SUBSCRIBE", Topic)),
        Receive("command with MORE", GateRefusal.CommandFrame, [0x05, 0x00]),
        Receive("long command", GateRefusal.CommandFrame, ZmtpBytes.LongHeader(0x04, 1)),
        Receive("command after a message", GateRefusal.CommandFrame, [.. ZmtpBytes.Frame(0, [1]), 0x04, 0x00]),
        Receive("reserved bit 3", GateRefusal.ReservedFlags, [0x08, 0x00]),
        Receive("reserved bit 7", GateRefusal.ReservedFlags, [0x80, 0x00]),
        Receive("2^40 bytes", GateRefusal.FrameTooLarge, ZmtpBytes.LongHeader(0, 1UL << 40)),
        Receive("2^63 bytes", GateRefusal.FrameTooLarge, ZmtpBytes.LongHeader(0, 1UL << 63)),
        Receive("2^64-1 bytes", GateRefusal.FrameTooLarge, ZmtpBytes.LongHeader(0, ulong.MaxValue)),
        Receive("a frame without end", GateRefusal.TooManyFrames, [.. Enumerable.Repeat((byte[])[0x01, 0x00], 100).SelectMany(frame => frame)]),
        Publish("empty command to PUB", GateRefusal.CommandFrame, [0x04, 0x00]),
        Publish("subscription to everything", GateRefusal.BadSubscription, ZmtpBytes.Subscription([])),
        Publish("subscription to a prefix", GateRefusal.BadSubscription, ZmtpBytes.Subscription(Topic[..15])),
        Publish("subscription to more than a topic id", GateRefusal.BadSubscription, ZmtpBytes.Subscription([.. Topic, 0])),
        Publish("neither subscribe nor unsubscribe", GateRefusal.BadSubscription, ZmtpBytes.Subscription(Topic, kind: 2)),
        Publish("subscription with MORE", GateRefusal.BadSubscription, ZmtpBytes.Frame(0x01, [1, .. Topic])),
        Publish("empty message to PUB", GateRefusal.BadSubscription, [0x00, 0x00]),
        Publish("2^40 bytes to PUB", GateRefusal.BadSubscription, ZmtpBytes.LongHeader(0, 1UL << 40)),
    ];

    /// <summary>An attack by name.</summary>
    public static HostilePeer Named(string name) => All.Single(peer => peer.Name == name);

    /// <summary>Random bytes, some after a valid handshake, some within one.</summary>
    public static HostilePeer Random(int seed)
    {
        var random = new Random(seed);
        byte[] bytes = new byte[random.Next(1, 400)];
        random.NextBytes(bytes);
        byte[] before = random.Next(4) switch
        {
            0 => [],
            1 => ZmtpBytes.Greeting(),
            2 => Dealer,
            _ => Sub,
        };
        return Script($"random bytes {seed}", AttackedPort.Any, GateRefusal.None, [.. before, .. bytes]);
    }

    /// <summary>One of <see cref="All"/> or random bytes, by number.</summary>
    public static HostilePeer Numbered(int number) =>
        number % 2 == 0 ? Random(number) : All[number / 2 % All.Count];

    /// <summary>Connects and sends the first bytes, then nothing; closed only by the other side or the token.</summary>
    public static Task<bool> HoldAsync(IPEndPoint target, byte[] first, CancellationToken cancel) => SayAsync(target, first, cancel);

    /// <summary>Sends one byte after another with a pause between them.</summary>
    public static async Task<bool> TrickleAsync(IPEndPoint target, byte[] bytes, TimeSpan pause, CancellationToken cancel)
    {
        using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(target, cancel);
            for (int index = 0; index < bytes.Length; index++)
            {
                await socket.SendAsync(bytes.AsMemory(index, 1), SocketFlags.None, cancel);
                await Task.Delay(pause, cancel);
            }

            return await IsClosedAsync(socket, cancel);
        }
        catch (SocketException)
        {
            return true;
        }
    }

    private static async Task<bool> SayAsync(IPEndPoint target, byte[] bytes, CancellationToken cancel)
    {
        using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        // Closing leaves nothing behind, so that tens of thousands of attacks do not run out of ports.
        socket.LingerState = new LingerOption(true, 0);
        try
        {
            await socket.ConnectAsync(target, cancel);
            await socket.SendAsync(bytes, SocketFlags.None, cancel);
            return await IsClosedAsync(socket, cancel);
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<bool> IsClosedAsync(Socket socket, CancellationToken cancel)
    {
        byte[] buffer = new byte[512];
        try
        {
            while (await socket.ReceiveAsync(buffer, SocketFlags.None, cancel) > 0)
            {
            }

            return true;
        }
        catch (SocketException)
        {
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static HostilePeer Any(string name, GateRefusal reason, byte[] bytes) => Script(name, AttackedPort.Any, reason, bytes);

    private static HostilePeer Greeted(string name, GateRefusal reason, byte[] bytes) =>
        Script(name, AttackedPort.Any, reason, [.. ZmtpBytes.Greeting(), .. bytes]);

    private static HostilePeer Receive(string name, GateRefusal reason, byte[] bytes) =>
        Script(name, AttackedPort.Receive, reason, [.. Dealer, .. bytes]);

    private static HostilePeer Publish(string name, GateRefusal reason, byte[] bytes) =>
        Script(name, AttackedPort.Publish, reason, [.. Sub, .. bytes]);

    private static HostilePeer Script(string name, AttackedPort port, GateRefusal reason, byte[] bytes) =>
        new(name, port, reason, (target, cancel) => SayAsync(target, bytes, cancel));
}
