namespace Pantry.Transport.Gates;

internal sealed partial class PeerConnection
{
    /// <summary>Sends a message for which room was taken.</summary>
    public void Send(ReadOnlySpan<byte> message)
    {
        byte[]? copy = null;
        _outbound.Send(message, ref copy, hasRoom: true);
    }

    /// <inheritdoc cref="OutboundQueue.SendOwn"/>
    public void SendOwn(params ReadOnlySpan<HandedFrame> pieces) => _outbound.SendOwn(pieces);

    /// <inheritdoc cref="OutboundQueue.Send"/>
    public bool Offer(ReadOnlySpan<byte> message, ref byte[]? copy) => _outbound.Send(message, ref copy, hasRoom: false);

    /// <summary>Our endpoint has nothing more to say: the peer gets what waits, and then the end.</summary>
    public void EndAfterOutbound() => _outbound.End();

    /// <summary>
    /// All has left. The peer gets the end, and a moment to take it: closing with unread bytes would reset the connection
    /// and throw away what is under way.
    /// </summary>
    private void EndPeer()
    {
        _deadlines.ExpectClose();
        QuietSocket.Shutdown(_socket);
    }
}
