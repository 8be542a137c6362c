using Microsoft.Extensions.Logging.Abstractions;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Transport;

namespace Pantry.Bench;

/// <summary>The floor's server: bare NetMQ sockets with NetMQ's CURVE, which count who is there and answer once.</summary>
internal sealed class CurveFloorServer : IServed
{
    /// <summary>A key that both sides know beforehand.</summary>
    public static readonly NetMQCertificate Certificate = NetMQCertificate.CreateFromSecretKey([.. Enumerable.Range(1, 32).Select(value => (byte)(value * 7))]);

    private readonly SocketLoop _loop = SocketLoop.Start("floor", 4096, NullLogger.Instance);
    private int _subscribed;
    private int _greeted;

    public int PublishPort { get; private set; }

    public int ReceivePort { get; private set; }

    public int Connected => Math.Min(Volatile.Read(ref _subscribed), Volatile.Read(ref _greeted));

    public static CurveFloorServer Start()
    {
        var server = new CurveFloorServer();
        server._loop.InvokeAsync(() =>
        {
            server.Open();
            return true;
        }).GetAwaiter().GetResult();
        return server;
    }

    public string Counters() => "";

    public ValueTask DisposeAsync() => _loop.DisposeAsync();

    private void Open()
    {
        var publisher = new XPublisherSocket();
        var router = new RouterSocket();
        publisher.Options.XPubVerbose = true;
        foreach (NetMQSocket socket in (NetMQSocket[])[publisher, router])
        {
            socket.Options.Backlog = 4096;
            socket.Options.SendHighWatermark = socket.Options.ReceiveHighWatermark = 10_000;
            socket.Options.CurveServer = true;
            socket.Options.CurveCertificate = Certificate;
        }

        PublishPort = publisher.BindRandomPort("tcp://127.0.0.1");
        ReceivePort = router.BindRandomPort("tcp://127.0.0.1");
        _loop.Add(publisher, () =>
        {
            // 1 for a subscription, 0 for its end.
            byte[] change = publisher.ReceiveFrameBytes();
            Interlocked.Add(ref _subscribed, change[0] == 1 ? 1 : -1);
            return true;
        });
        _loop.Add(router, () =>
        {
            NetMQMessage hello = router.ReceiveMultipartMessage(2);
            Interlocked.Add(ref _greeted, hello[1].Buffer[0] == 1 ? 1 : -1);
            router.TrySendMultipartMessage(hello);
            return true;
        });
    }
}
