using Pantry.Protocol;
using Pantry.Security;
using Pantry.Sessions;
using Pantry.Sessions.Curve;

namespace Pantry.Tests.Sessions;

/// <summary>Both ends of a session, with nothing in between.</summary>
internal sealed class ChannelPair
{
    private ChannelPair(MessageChannel peer, MessageChannel server)
    {
        Peer = peer;
        Server = server;
    }

    public MessageChannel Peer { get; }

    public MessageChannel Server { get; }

    public static ChannelPair Create(WireLimits? limits = null)
    {
        (CurveSession peer, CurveSession server) = NewKeys();
        return new ChannelPair(new MessageChannel(peer, limits ?? new WireLimits()), new MessageChannel(server, limits ?? new WireLimits()));
    }

    /// <summary>What a handshake gives to both ends.</summary>
    public static (CurveSession Peer, CurveSession Server) NewKeys()
    {
        using CurveKeyPair own = CurveKeyPair.Generate(), theirs = CurveKeyPair.Generate();
        using var server = new CurveServer(theirs);
        using var handshake = new CurveClientHandshake(own, theirs.PublicKey, SessionTerms.OfPeer(SessionRole.Client, null));
        byte[] welcome = server.Hello(handshake.Hello(), "binding"u8).Welcome!;
        using CurvePendingSession pending = server.Initiate(handshake.Receive(welcome).Reply!, "binding"u8).Pending!;
        (byte[] ready, CurveSession session) = pending.Accept(SessionTerms.OfServer("network"));
        return (handshake.Receive(ready).Session!, session);
    }

    /// <summary>What the peer sends for a message.</summary>
    public IEnumerable<byte[][]> Send(Message message) => Peer.Cut(message).Select(piece => Peer.Seal(piece)!);

    /// <summary>What the server makes of frames that the peer seals as they are.</summary>
    public Opened Deliver(byte[][] frames, Senders sender) => Server.Open(Peer.Seal(frames)!, sender);
}
