using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Pantry.Security;
using Pantry.Sessions.Curve;
using Pantry.Tests.Attacks;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>The engine on a real connection: its commands in frames of ZMTP 3.0, as ZeroMQ's own sockets speak.</summary>
internal sealed class ZmtpCurveLink : IDisposable
{
    private const byte MoreOrLong = 0x03;
    private const byte LongFlag = 0x02;
    private const byte CommandFlag = 0x04;
    private const int MaxFrame = 4 << 20;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TcpClient _tcp;
    private readonly CancellationTokenSource _deadline = new(Deadline);
    private CurveSession? _session;

    private ZmtpCurveLink(TcpClient tcp) => _tcp = tcp;

    /// <summary>What ended the handshake; None where it is done.</summary>
    public CurveFault Fault { get; private set; }

    public string? Reason { get; private set; }

    public PublicKey? Peer { get; private set; }

    public CurveMetadata? PeerMetadata { get; private set; }

    public static async Task<ZmtpCurveLink> ConnectAsync(int port, CurveClientHandshake handshake)
    {
        var link = new ZmtpCurveLink(new TcpClient());
        await link._tcp.ConnectAsync(IPAddress.Loopback, port, link._deadline.Token);
        await link.GreetAsync(asServer: false);
        await link.WriteFrameAsync(CommandFlag, handshake.Hello());
        while (link._session is null && link.Fault == CurveFault.None)
        {
            CurveClientStep step = handshake.Receive(await link.ReadFrameAsync());
            (link.Fault, link.Reason, link._session, link.PeerMetadata) = (step.Fault, step.Reason, step.Session, step.PeerMetadata);
            if (step.Reply is { } reply)
                await link.WriteFrameAsync(CommandFlag, reply);
        }

        return link;
    }

    public static async Task<ZmtpCurveLink> AcceptAsync(TcpListener listener, CurveServer server)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var link = new ZmtpCurveLink(await listener.AcceptTcpClientAsync(deadline.Token));
        byte[] binding = [1];
        await link.GreetAsync(asServer: true);
        CurveHelloResult hello = server.Hello(await link.ReadFrameAsync(), binding);
        link.Fault = hello.Fault;
        if (hello.Welcome is not { } welcome)
            return link;
        await link.WriteFrameAsync(CommandFlag, welcome);
        CurveInitiateResult initiate = server.Initiate(await link.ReadFrameAsync(), binding);
        (link.Fault, link.Peer, link.PeerMetadata) = (initiate.Fault, initiate.Client, initiate.Metadata);
        if (initiate.Pending is not { } pending)
            return link;
        (byte[] ready, link._session) = pending.Accept(CurveMetadata.Of(("Socket-Type", "ROUTER"), ("Identity", "")));
        await link.WriteFrameAsync(CommandFlag, ready);
        return link;
    }

    public async Task SendAsync(params byte[][] parts)
    {
        for (int i = 0; i < parts.Length; i++)
            await WriteFrameAsync(0, _session!.Seal(parts[i], more: i < parts.Length - 1));
    }

    public async Task<byte[][]> ReceiveAsync()
    {
        var parts = new List<byte[]>();
        bool more;
        do
        {
            Assert.Equal(CurveFault.None, _session!.Open(await ReadFrameAsync(), out byte[] part, out more));
            parts.Add(part);
        }
        while (more);
        return [.. parts];
    }

    public void Dispose()
    {
        _session?.Dispose();
        _tcp.Dispose();
        _deadline.Dispose();
    }

    private async Task GreetAsync(bool asServer)
    {
        NetworkStream stream = _tcp.GetStream();
        await stream.WriteAsync(ZmtpBytes.Greeting(mechanism: "CURVE", asServer: asServer ? (byte)1 : (byte)0), _deadline.Token);
        byte[] greeting = new byte[64];
        await stream.ReadExactlyAsync(greeting, _deadline.Token);
        Assert.Equal(3, greeting[10]);
        Assert.Equal("CURVE\0"u8, greeting.AsSpan(12, 6));
    }

    private async Task WriteFrameAsync(byte flags, byte[] body) =>
        await _tcp.GetStream().WriteAsync(ZmtpBytes.Frame(flags, body), _deadline.Token);

    private async Task<byte[]> ReadFrameAsync()
    {
        NetworkStream stream = _tcp.GetStream();
        byte[] header = new byte[8];
        await stream.ReadExactlyAsync(header.AsMemory(0, 1), _deadline.Token);
        byte flags = header[0];
        Assert.Equal(0, flags & ~(MoreOrLong | CommandFlag));
        ulong length;
        if ((flags & LongFlag) != 0)
        {
            await stream.ReadExactlyAsync(header, _deadline.Token);
            length = BinaryPrimitives.ReadUInt64BigEndian(header);
        }
        else
        {
            await stream.ReadExactlyAsync(header.AsMemory(0, 1), _deadline.Token);
            length = header[0];
        }

        Assert.InRange<ulong>(length, 0, MaxFrame);
        byte[] body = new byte[length];
        await stream.ReadExactlyAsync(body, _deadline.Token);
        return body;
    }
}
