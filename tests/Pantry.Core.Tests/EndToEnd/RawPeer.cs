using NetMQ;
using NetMQ.Sockets;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;

namespace Pantry.Tests.EndToEnd;

/// <summary>A peer whose every byte is the test's: with any key, in any role, saying whatever it is told to.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly DealerSocket _dealer;
    private MessageChannel? _channel;

    private RawPeer(int port) => _dealer = new DealerSocket($"tcp://127.0.0.1:{port}");

    /// <summary>Connects and shakes hands; fails where the server refuses.</summary>
    public static RawPeer Connect(int port, CurveKeyPair key, PublicKey server, SessionRole role = SessionRole.Client)
    {
        RawPeer peer = Unknown(port);
        Assert.Equal(CurveFault.None, peer.Handshake(key, server, role).Fault);
        return peer;
    }

    /// <summary>Connects and says nothing.</summary>
    public static RawPeer Unknown(int port) => new(port);

    /// <summary>Shakes hands, to READY or to the fault that ended it.</summary>
    public CurveClientStep Handshake(CurveKeyPair key, PublicKey server, SessionRole role = SessionRole.Client, CurveMetadata? metadata = null)
    {
        using var handshake = new CurveClientHandshake(key, server, metadata ?? SessionTerms.OfPeer(role, null));
        SendRaw(handshake.Hello());
        CurveClientStep step = handshake.Receive(ReceiveRaw()[0]);
        if (step.Reply is { } initiate)
        {
            SendRaw(initiate);
            step = handshake.Receive(ReceiveRaw()[0]);
        }

        if (step.Session is { } session)
            _channel = new MessageChannel(session, new WireLimits());
        return step;
    }

    public void Send(Message message)
    {
        foreach (byte[][] piece in _channel!.Cut(message))
            SendRaw(_channel.Seal(piece)!);
    }

    /// <summary>Sends frames as they are, sealed.</summary>
    public void SendFrames(params byte[][] frames) => SendRaw(_channel!.Seal(frames)!);

    /// <summary>Seals frames without sending them.</summary>
    public byte[][] Seal(params byte[][] frames) => _channel!.Seal(frames)!;

    public void SendRaw(params byte[][] frames) => _dealer.SendMultipartMessage(new NetMQMessage(frames));

    /// <summary>The next message of the server.</summary>
    public Message Receive()
    {
        while (true)
        {
            Opened opened = _channel!.Open(ReceiveRaw(), Senders.Server);
            Assert.Equal(DecodeFault.None, opened.Fault);
            if (opened.Message is { } message)
                return message;
        }
    }

    /// <summary>The next message of a kind; others are passed over.</summary>
    public Message Receive(MessageKind kind)
    {
        Message message = Receive();
        while (message.Kind != kind)
            message = Receive();
        return message;
    }

    public (Message Message, Refused Refused) ReceiveRefusal()
    {
        Message message = Receive(MessageKind.Refused);
        return (message, message.HeadAs<Refused>());
    }

    public byte[][] ReceiveRaw() => TryReceiveRaw(Fleet.Deadline) ?? throw new TimeoutException("The server did not answer.");

    public byte[][]? TryReceiveRaw(TimeSpan within)
    {
        var message = new NetMQMessage();
        return _dealer.TryReceiveMultipartMessage(within, ref message!) ? [.. message.Select(frame => frame.ToByteArray())] : null;
    }

    public void Dispose()
    {
        _dealer.Options.Linger = TimeSpan.Zero;
        _dealer.Dispose();
        _channel?.Dispose();
    }
}
