using System.Net.Sockets;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;
using Pantry.Targeting;
using Pantry.Transport.Gates;

namespace Pantry.Bench;

/// <summary>
/// What a client says to be let in, on bare sockets and without the rest of a client: the handshake, Register, the grants
/// opened and subscribed to. So that a machine which plays a thousand clients measures the server, and not them.
/// </summary>
internal sealed class EmulatedSession : IDisposable
{
    private readonly CurveKeyPair _key;
    private readonly PublicKey _server;
    private readonly ClientLabels _labels;
    private readonly List<IDisposable> _open = [];

    public EmulatedSession(CurveKeyPair key, PublicKey server, ClientLabels labels) => (_key, _server, _labels) = (key, server, labels);

    /// <summary>
    /// Connects; ends when the client is registered and has asked for all that it may hear. When too many come at once the
    /// gate lets half-open connections go; like a client, this one comes again.
    /// </summary>
    public async Task ConnectAsync(int publishPort, int receivePort)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await RegisterAsync(publishPort, receivePort);
                return;
            }
            catch (Exception exception) when (exception is SocketException or EndOfStreamException && attempt < 20)
            {
                Dispose();
                await Task.Delay(Random.Shared.Next(20, 100));
            }
        }
    }

    public void Dispose()
    {
        _open.ForEach(open => open.Dispose());
        _open.Clear();
    }

    private async Task RegisterAsync(int publishPort, int receivePort)
    {
        Socket dealer = Keep(await RawZmtp.ConnectAsync(receivePort, ZmtpSocketType.Dealer, ZmtpSocketType.Router));
        Socket subscriber = Keep(await RawZmtp.ConnectAsync(publishPort, ZmtpSocketType.Sub, ZmtpSocketType.Pub));
        MessageChannel channel = Keep(await HandshakeAsync(dealer));
        var register = new Register(_labels, Guid.NewGuid().ToString("N"), PantryVersion.Current, null, long.MaxValue, ["Ping"], null, DateTimeOffset.UtcNow);
        foreach (byte[][] piece in channel.Cut(new Message(MessageKind.Register, register, 1)))
            await RawZmtp.SendAsync(dealer, channel.Seal(piece)!);

        Message? answer = null;
        while (answer is null)
        {
            Opened opened = channel.Open(await RawZmtp.ReceiveAsync(dealer), Senders.Server);
            answer = opened.Fault == DecodeFault.None ? opened.Message : throw new InvalidOperationException($"The server's answer: {opened.Fault}.");
        }

        var registered = answer.HeadAs<Registered>();
        var options = new PantryOptions();
        Keep(new StreamOpener(options.Wire, options.StreamKeyGrace, TimeProvider.System)).Replace(registered.Topics);
        foreach (TopicGrant topic in registered.Topics)
            await RawZmtp.SendAsync(subscriber, [1, .. topic.Id]);
    }

    private async Task<MessageChannel> HandshakeAsync(Socket dealer)
    {
        using var handshake = new CurveClientHandshake(_key, _server, SessionTerms.OfPeer(SessionRole.Client, null));
        await RawZmtp.SendAsync(dealer, handshake.Hello());
        byte[][] welcome = await RawZmtp.ReceiveAsync(dealer);
        await RawZmtp.SendAsync(dealer, handshake.Receive(welcome[0]).Reply!);
        byte[][] ready = await RawZmtp.ReceiveAsync(dealer);
        return new MessageChannel(handshake.Receive(ready[0]).Session!, new WireLimits());
    }

    private T Keep<T>(T disposable)
        where T : IDisposable
    {
        _open.Add(disposable);
        return disposable;
    }
}
