using Pantry.Security;
using Pantry.Sessions.Curve;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>A client and a server with keys, and the steps of a handshake between them.</summary>
internal sealed class CurveRig : IDisposable
{
    public static readonly byte[] Binding = [1, 2, 3, 4, 5, 6, 7, 8];

    private readonly List<IDisposable> _made = [];

    public CurveRig()
    {
        ServerPair = Made(CurveKeyPair.Generate());
        ClientPair = Made(CurveKeyPair.Generate());
        Server = Made(new CurveServer(ServerPair));
    }

    public CurveKeyPair ServerPair { get; }

    public CurveKeyPair ClientPair { get; }

    public CurveServer Server { get; }

    public T Made<T>(T thing) where T : IDisposable
    {
        _made.Add(thing);
        return thing;
    }

    public CurveClientHandshake Client(PublicKey? server = null, CurveMetadata? metadata = null) =>
        Made(new CurveClientHandshake(ClientPair, server ?? ServerPair.PublicKey, metadata ?? CurveMetadata.Of(("Socket-Type", "DEALER"))));

    public byte[] Welcome(byte[] hello)
    {
        CurveHelloResult result = Server.Hello(hello, Binding);
        Assert.Equal(CurveFault.None, result.Fault);
        return result.Welcome!;
    }

    /// <summary>The INITIATE of a client that has said HELLO.</summary>
    public byte[] Initiate(CurveClientHandshake client)
    {
        CurveClientStep step = client.Receive(Welcome(client.Hello()));
        Assert.Equal(CurveFault.None, step.Fault);
        return step.Reply!;
    }

    /// <summary>READY and the server's session, for an INITIATE.</summary>
    public (byte[] Ready, CurveSession Session) Accept(byte[] initiate)
    {
        CurveInitiateResult result = Server.Initiate(initiate, Binding);
        Assert.Equal(CurveFault.None, result.Fault);
        (byte[] ready, CurveSession session) = result.Pending!.Accept(CurveMetadata.Of(("Socket-Type", "ROUTER")));
        return (ready, Made(session));
    }

    /// <summary>The sessions of a whole handshake.</summary>
    public (CurveSession Client, CurveSession Server) Sessions()
    {
        CurveClientHandshake client = Client();
        (byte[] ready, CurveSession session) = Accept(Initiate(client));
        CurveClientStep step = client.Receive(ready);
        Assert.Equal(CurveFault.None, step.Fault);
        return (Made(step.Session!), session);
    }

    public void Dispose()
    {
        foreach (IDisposable thing in _made)
            thing.Dispose();
    }
}
