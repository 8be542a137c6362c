using System.Net;
using System.Net.Sockets;
using NetMQ;
using NetMQ.Sockets;
using Pantry.Security;
using Pantry.Sessions.Curve;

namespace Pantry.Tests.Sessions.Curve;

/// <summary>The engine against NetMQ's CURVE sockets, as client and as server.</summary>
public sealed class NetMqConformanceTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly CurveKeyPair _serverPair = CurveKeyPair.Generate();
    private readonly CurveKeyPair _clientPair = CurveKeyPair.Generate();

    public void Dispose()
    {
        _serverPair.Dispose();
        _clientPair.Dispose();
    }

    [Fact]
    public async Task Our_client_talks_to_NetMQs_server()
    {
        using var server = new RouterSocket();
        server.Options.CurveServer = true;
        server.Options.CurveCertificate = Certificate(_serverPair);
        int port = server.BindRandomPort("tcp://127.0.0.1");
        using var handshake = new CurveClientHandshake(_clientPair, _serverPair.PublicKey, CurveMetadata.Of(("Socket-Type", "DEALER"), ("Identity", "")));
        using ZmtpCurveLink link = await ZmtpCurveLink.ConnectAsync(port, handshake);
        Assert.Equal(CurveFault.None, link.Fault);
        Assert.Equal("ROUTER", link.PeerMetadata!.Text("Socket-Type"));
        foreach (byte[][] message in ConformanceMessages.All)
        {
            await link.SendAsync(message);
            byte[][] received = Receive(server);
            Assert.Equal(message, received[1..]);
            Send(server, received);
            Assert.Equal(message, await link.ReceiveAsync());
        }
    }

    [Fact]
    public async Task NetMQs_client_talks_to_our_server_which_sees_its_key()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var server = new CurveServer(_serverPair);
        using var client = new DealerSocket();
        client.Options.CurveServerKey = _serverPair.PublicKey.Bytes.ToArray();
        client.Options.CurveCertificate = Certificate(_clientPair);
        client.Connect($"tcp://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        using ZmtpCurveLink link = await ZmtpCurveLink.AcceptAsync(listener, server);
        Assert.Equal(CurveFault.None, link.Fault);
        Assert.Equal(_clientPair.PublicKey, link.Peer);
        Assert.Equal("DEALER", link.PeerMetadata!.Text("Socket-Type"));
        foreach (byte[][] message in ConformanceMessages.All)
        {
            Send(client, message);
            Assert.Equal(message, await link.ReceiveAsync());
            await link.SendAsync(message);
            Assert.Equal(message, Receive(client));
        }
    }

    private static NetMQCertificate Certificate(CurveKeyPair pair) => new(pair.Secret.ToArray(), pair.PublicKey.Bytes.ToArray());

    private static void Send(NetMQSocket socket, byte[][] parts)
    {
        var message = new NetMQMessage(parts.Select(part => new NetMQFrame(part)));
        Assert.True(socket.TrySendMultipartMessage(Deadline, message));
    }

    private static byte[][] Receive(NetMQSocket socket)
    {
        NetMQMessage? message = null;
        Assert.True(socket.TryReceiveMultipartMessage(Deadline, ref message));
        return [.. message!.Select(frame => frame.ToByteArray())];
    }
}
