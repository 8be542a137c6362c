using NetMQ;

namespace Pantry.Transport;

/// <summary>
/// Connections of one port that have ended and of which the host does not know yet. It is told when nothing they sent can
/// still be on its way, and when its queue has room. No more wait than the gate lets in, because each keeps its place there
/// until the host is told. Used on the loop's thread only.
/// </summary>
internal sealed class EndedPeers(NetMQSocket socket, ServerPort port, InboundQueue<ServerEvent> inbound, TimeProvider time)
{
    // Where the socket has more to read without end, a flood of some must not keep the ends of others from being seen.
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(5);

    private readonly Queue<(ulong Number, long Since, TaskCompletionSource Told)> _waiting = [];

    public void Add(ulong number, TaskCompletionSource told)
    {
        _waiting.Enqueue((number, time.GetTimestamp(), told));
        Tell();
    }

    /// <summary>Tells the host as far as that is possible now; to be called whenever something was read or there is room again.</summary>
    public void Tell()
    {
        if (_waiting.Count == 0)
            return;
        // The gate has seen the end, so what came before it is in the socket: once that is empty, it has been read.
        bool isEmpty = !socket.HasIn;
        while (_waiting.TryPeek(out var next)
            && (isEmpty || time.GetElapsedTime(next.Since) > LongestWait)
            && inbound.HasRoom())
        {
            _waiting.Dequeue();
            inbound.Add(new ServerEvent.Disconnected(new PeerId(port, next.Number)));
            next.Told.SetResult();
        }
    }
}
