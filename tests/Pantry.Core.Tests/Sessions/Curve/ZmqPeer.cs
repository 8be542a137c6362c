using System.Globalization;
using System.Text;
using Pantry.Security;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>A context of libzmq with one socket, and a ZAP handler (ZeroMQ RFC 27) where one is asked for.</summary>
internal sealed class ZmqPeer : IDisposable
{
    private const int CurveServer = 47;
    private const int CurvePublicKey = 48;
    private const int CurveSecretKey = 49;
    private const int CurveServerKey = 50;
    private const int ZapDomain = 55;
    private const int ReceiveTimeout = 27;
    private const int SendTimeout = 28;
    private const int LastEndpoint = 32;
    private const int ReceiveMore = 13;
    private const int LingerTime = 17;
    private const int DeadlineMilliseconds = 30_000;
    private const int MaxPart = 4 << 20;

    private readonly IntPtr _context = LibZmq.NewContext();
    private readonly IntPtr _socket;
    private Thread? _zap;

    private ZmqPeer(int type)
    {
        _socket = LibZmq.NewSocket(_context, type);
        Assert.NotEqual(IntPtr.Zero, _socket);
        Set(ReceiveTimeout, BitConverter.GetBytes(DeadlineMilliseconds));
        Set(SendTimeout, BitConverter.GetBytes(DeadlineMilliseconds));
        Set(LingerTime, BitConverter.GetBytes(0));
    }

    /// <summary>The keys of clients that the ZAP handler was asked about.</summary>
    public List<PublicKey> Asked { get; } = [];

    public int Port { get; private set; }

    /// <summary>A ROUTER that is a CURVE server.</summary>
    /// <param name="pair">Its key.</param>
    /// <param name="allow">Decides about clients; null: no ZAP handler, so every key is accepted.</param>
    public static ZmqPeer Server(CurveKeyPair pair, Func<PublicKey, bool>? allow)
    {
        var peer = new ZmqPeer(LibZmq.Router);
        if (allow is not null)
            peer.StartZap(allow);
        peer.Set(CurveServer, BitConverter.GetBytes(1));
        peer.Set(CurveSecretKey, pair.Secret.ToArray());
        peer.Set(ZapDomain, "pantry"u8.ToArray());
        Assert.Equal(0, LibZmq.Bind(peer._socket, LibZmq.Text("tcp://127.0.0.1:*")));
        byte[] endpoint = new byte[100];
        nint length = endpoint.Length;
        Assert.Equal(0, LibZmq.GetOption(peer._socket, LastEndpoint, endpoint, ref length));
        peer.Port = int.Parse(Encoding.ASCII.GetString(endpoint, 0, (int)length - 1).Split(':')[2], CultureInfo.InvariantCulture);
        return peer;
    }

    /// <summary>A DEALER that is a CURVE client.</summary>
    public static ZmqPeer Client(CurveKeyPair pair, PublicKey server, int port)
    {
        var peer = new ZmqPeer(LibZmq.Dealer);
        peer.Set(CurvePublicKey, pair.PublicKey.Bytes.ToArray());
        peer.Set(CurveSecretKey, pair.Secret.ToArray());
        peer.Set(CurveServerKey, server.Bytes.ToArray());
        Assert.Equal(0, LibZmq.Connect(peer._socket, LibZmq.Text($"tcp://127.0.0.1:{port}")));
        return peer;
    }

    public void Send(params byte[][] parts) => Send(_socket, parts);

    public byte[][] Receive() => Receive(_socket) ?? throw new TimeoutException("libzmq received nothing in time.");

    public void Dispose()
    {
        _ = LibZmq.ShutDown(_context);
        _zap?.Join(DeadlineMilliseconds);
        _ = LibZmq.Close(_socket);
        _ = LibZmq.Terminate(_context);
    }

    private static void Send(IntPtr socket, byte[][] parts)
    {
        for (int i = 0; i < parts.Length; i++)
            Assert.Equal(parts[i].Length, LibZmq.Send(socket, parts[i], parts[i].Length, i < parts.Length - 1 ? LibZmq.SendMore : 0));
    }

    private static byte[][]? Receive(IntPtr socket)
    {
        var parts = new List<byte[]>();
        byte[] buffer = new byte[MaxPart];
        byte[] more = new byte[4];
        do
        {
            int length = LibZmq.Receive(socket, buffer, buffer.Length, 0);
            if (length < 0)
                return null;
            parts.Add(buffer[..length]);
            nint size = more.Length;
            Assert.Equal(0, LibZmq.GetOption(socket, ReceiveMore, more, ref size));
        }
        while (more[0] == 1);
        return [.. parts];
    }

    private void StartZap(Func<PublicKey, bool> allow)
    {
        IntPtr socket = LibZmq.NewSocket(_context, LibZmq.Rep);
        Assert.Equal(0, LibZmq.Bind(socket, LibZmq.Text("inproc://zeromq.zap.01")));
        _zap = new Thread(() =>
        {
            // Version, request, domain, address, identity, mechanism, key. Ends when the context does.
            while (Receive(socket) is { } request)
            {
                var key = PublicKey.FromBytes(request[6]);
                lock (Asked)
                    Asked.Add(key);
                byte[] code = allow(key) ? "200"u8.ToArray() : "400"u8.ToArray();
                Send(socket, [request[0], request[1], code, "because"u8.ToArray(), [], []]);
            }

            _ = LibZmq.Close(socket);
        })
        { IsBackground = true };
        _zap.Start();
    }

    private void Set(int option, byte[] value) => Assert.Equal(0, LibZmq.SetOption(_socket, option, value, value.Length));
}
