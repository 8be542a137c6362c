namespace Pantry.Transport.Gates;

/// <summary>
/// Messages that pass our endpoint: those of one frame that begins with a mark. They may come before others that were sent before them, but among themselves
/// stay in order.
/// </summary>
/// <param name="mark">What the frame begins with.</param>
/// <param name="leastBytes">Bytes that such a frame has at least.</param>
/// <param name="take">Takes a frame, which is its own from then on. Called on the connection's reading task: must neither wait nor throw.</param>
internal sealed class FrameBypass(byte[] mark, int leastBytes, Action<HandedFrame> take)
{
    /// <summary>Bytes of the header of a message that passes; null for any other.</summary>
    public int? HeaderBytesOf(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> body = LinkMessage.OnlyFrame(message);
        return body.Length >= leastBytes && body.StartsWith(mark) ? message.Length - body.Length : null;
    }

    public void Take(HandedFrame frame) => take(frame);
}
