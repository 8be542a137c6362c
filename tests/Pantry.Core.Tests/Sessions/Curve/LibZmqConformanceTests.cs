using System.Net;
using System.Net.Sockets;
using Pantry.Security;
using Pantry.Sessions.Curve;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>The engine against libzmq, the reference implementation of CurveZMQ, as client and as server.</summary>
public sealed class LibZmqConformanceTests : IDisposable
{
    private static readonly CurveMetadata AsDealer = CurveMetadata.Of(("Socket-Type", "DEALER"), ("Identity", ""));

    private readonly CurveKeyPair _serverPair = CurveKeyPair.Generate();
    private readonly CurveKeyPair _clientPair = CurveKeyPair.Generate();

    public LibZmqConformanceTests() => Assert.SkipUnless(LibZmq.IsPresent, LibZmq.Missing);

    public void Dispose()
    {
        _serverPair.Dispose();
        _clientPair.Dispose();
    }

    [Fact]
    public async Task Our_client_talks_to_libzmqs_server_which_sees_our_key()
    {
        using var server = ZmqPeer.Server(_serverPair, allow: _ => true);
        using ZmtpCurveLink link = await ConnectAsync(server);
        Assert.Equal(CurveFault.None, link.Fault);
        Assert.Equal("ROUTER", link.PeerMetadata!.Text("Socket-Type"));
        Assert.Equal([_clientPair.PublicKey], server.Asked);
        foreach (byte[][] message in ConformanceMessages.All)
        {
            await link.SendAsync(message);
            byte[][] received = server.Receive();
            Assert.Equal(message, received[1..]);
            server.Send(received);
            Assert.Equal(message, await link.ReceiveAsync());
        }
    }

    [Fact]
    public async Task Our_client_talks_to_libzmqs_server_without_a_ZAP_handler()
    {
        using var server = ZmqPeer.Server(_serverPair, allow: null);
        using ZmtpCurveLink link = await ConnectAsync(server);
        await link.SendAsync("hello"u8.ToArray());
        Assert.Equal("hello"u8, server.Receive()[1]);
    }

    [Fact]
    public async Task A_key_that_libzmqs_server_denies_is_refused_with_its_status()
    {
        using var server = ZmqPeer.Server(_serverPair, allow: key => !key.Equals(_clientPair.PublicKey));
        using ZmtpCurveLink link = await ConnectAsync(server);
        Assert.Equal(CurveFault.RefusedByPeer, link.Fault);
        Assert.Equal("400", link.Reason);
        Assert.Equal([_clientPair.PublicKey], server.Asked);
    }

    [Fact]
    public async Task Libzmqs_server_hangs_up_on_a_HELLO_for_another_key()
    {
        using var server = ZmqPeer.Server(_serverPair, allow: null);
        using var handshake = new CurveClientHandshake(_clientPair, _clientPair.PublicKey, AsDealer);
        await Assert.ThrowsAnyAsync<IOException>(() => ZmtpCurveLink.ConnectAsync(server.Port, handshake));
    }

    [Fact]
    public async Task Libzmqs_client_talks_to_our_server_which_sees_its_key()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var server = new CurveServer(_serverPair);
        using var client = ZmqPeer.Client(_clientPair, _serverPair.PublicKey, ((IPEndPoint)listener.LocalEndpoint).Port);
        using ZmtpCurveLink link = await ZmtpCurveLink.AcceptAsync(listener, server);
        Assert.Equal(CurveFault.None, link.Fault);
        Assert.Equal(_clientPair.PublicKey, link.Peer);
        Assert.Equal("DEALER", link.PeerMetadata!.Text("Socket-Type"));
        foreach (byte[][] message in ConformanceMessages.All)
        {
            client.Send(message);
            Assert.Equal(message, await link.ReceiveAsync());
            await link.SendAsync(message);
            Assert.Equal(message, client.Receive());
        }
    }

    [Fact]
    public async Task Our_server_refuses_a_libzmq_client_that_expects_another_server()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var server = new CurveServer(_serverPair);
        using var client = ZmqPeer.Client(_clientPair, _clientPair.PublicKey, ((IPEndPoint)listener.LocalEndpoint).Port);
        using ZmtpCurveLink link = await ZmtpCurveLink.AcceptAsync(listener, server);
        Assert.Equal(CurveFault.WrongKey, link.Fault);
    }

    private async Task<ZmtpCurveLink> ConnectAsync(ZmqPeer server)
    {
        using var handshake = new CurveClientHandshake(_clientPair, _serverPair.PublicKey, AsDealer);
        return await ZmtpCurveLink.ConnectAsync(server.Port, handshake);
    }
}
