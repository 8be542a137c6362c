using NetMQ;
using NetMQ.Sockets;
using Pantry.Transport.Gates;

namespace Pantry.Bench;

/// <summary>A DEALER and a ROUTER with no gate, one or two between them, or with NetMQ's CURVE.</summary>
internal sealed class PairLink : IAsyncDisposable
{
    private readonly ServerGate? _server;
    private readonly ClientGate? _client;

    private PairLink(RouterSocket router, DealerSocket dealer, ServerGate? server, ClientGate? client)
    {
        Router = router;
        Dealer = dealer;
        _server = server;
        _client = client;
    }

    public RouterSocket Router { get; }

    public DealerSocket Dealer { get; }

    /// <summary>Frames of a message of one frame at the ROUTER: its peer's name, behind a gate the connection's number, and the frame.</summary>
    public int Frames => _server is null ? 2 : 3;

    public static PairLink Bare()
    {
        var router = new RouterSocket();
        int port = router.BindRandomPort("tcp://127.0.0.1");
        var dealer = new DealerSocket();
        dealer.Connect($"tcp://127.0.0.1:{port}");
        return new PairLink(router, dealer, null, null);
    }

    public static PairLink Curve()
    {
        var router = new RouterSocket();
        router.Options.CurveServer = true;
        router.Options.CurveCertificate = CurveFloorServer.Certificate;
        int port = router.BindRandomPort("tcp://127.0.0.1");
        var dealer = new DealerSocket();
        dealer.Options.CurveServerCertificate = CurveFloorServer.Certificate;
        dealer.Options.CurveCertificate = new NetMQCertificate();
        dealer.Connect($"tcp://127.0.0.1:{port}");
        return new PairLink(router, dealer, null, null);
    }

    public static PairLink ServerGated()
    {
        var router = new RouterSocket();
        ServerGate server = GateBench.Server(router.BindRandomPort("tcp://127.0.0.1"), GateProfile.Receive());
        var dealer = new DealerSocket();
        dealer.Connect($"tcp://127.0.0.1:{server.EndPoints[0].Port}");
        return new PairLink(router, dealer, server, null);
    }

    public static PairLink BothGated()
    {
        var router = new RouterSocket();
        ServerGate server = GateBench.Server(router.BindRandomPort("tcp://127.0.0.1"), GateProfile.Receive());
        var dealer = new DealerSocket();
        ClientGate client = GateBench.Client(server.EndPoints[0].Port, dealer.BindRandomPort("tcp://127.0.0.1"), GateProfile.Answer());
        return new PairLink(router, dealer, server, client);
    }

    public async ValueTask DisposeAsync()
    {
        Router.Dispose();
        Dealer.Dispose();
        if (_client is not null)
            await _client.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
