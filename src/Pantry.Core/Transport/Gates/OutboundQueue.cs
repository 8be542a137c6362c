using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>
/// What goes to one peer, in order: at once where its TCP takes it, otherwise as soon as it does. Whoever sends never
/// waits for the peer.
/// </summary>
/// <param name="socket">The peer's connection.</param>
/// <param name="room">How much may wait.</param>
/// <param name="deadlines">Told when a piece has to be taken.</param>
/// <param name="pieceBytes">The largest piece.</param>
/// <param name="ended">Called once when the last message has left.</param>
internal sealed class OutboundQueue(Socket socket, OutboundRoom room, ConnectionDeadlines deadlines, int pieceBytes, Action ended)
{
    // What one system call takes, well below any limit of a kernel.
    private const int MessagesAPiece = 64;

    private readonly Lock _lock = new();
    private Queue<HandedFrame>? _waiting;
    // Of the first one that waits.
    private int _firstSent;
    private bool _isLast;
    private bool _isBroken;

    /// <summary>Completes when nothing is being sent in the background.</summary>
    public Task Draining { get; private set; } = Task.CompletedTask;

    private bool IsDraining => _waiting is { Count: > 0 };

    /// <summary>Sends a message or lets it wait.</summary>
    /// <param name="message">The message with its frames' headers.</param>
    /// <param name="copy">The same on the heap, made when it is needed and good for all peers that get it.</param>
    /// <param name="hasRoom">Whether room was taken for it.</param>
    /// <returns>False if there was none and it was left out.</returns>
    public bool Send(ReadOnlySpan<byte> message, ref byte[]? copy, bool hasRoom)
    {
        lock (_lock)
        {
            int sent = 0;
            if (!IsDraining && !_isLast && !_isBroken)
            {
                int? taken = QuietSocket.TrySendAtOnce(socket, message);
                deadlines.MarkActivity();
                sent = taken ?? 0;
                if (taken is null)
                    Break();
            }

            if (sent == message.Length || _isLast || _isBroken)
            {
                if (hasRoom)
                    room.Return(message.Length);
                return true;
            }

            if (!hasRoom && sent > 0)
                room.Take(message.Length);
            else if (!hasRoom && !room.TryTake(message.Length))
                return false;
            Enqueue(new HandedFrame(copy ??= message.ToArray()), sent);
            return true;
        }
    }

    /// <summary>Sends a message without copying it; its memory is given back when it has left. Room was taken for it.</summary>
    public void SendOwn(params ReadOnlySpan<HandedFrame> pieces)
    {
        lock (_lock)
        {
            foreach (HandedFrame piece in pieces)
            {
                if (_isLast || _isBroken)
                    room.Return(piece.Length);
                else
                    Enqueue(piece, sent: 0);
            }
        }
    }

    /// <summary>Nothing follows: the connection ends when what waits has left.</summary>
    public void End()
    {
        lock (_lock)
        {
            if (_isLast)
                return;
            _isLast = true;
            if (IsDraining)
                return;
        }

        ended();
    }

    private void Enqueue(HandedFrame message, int sent)
    {
        _waiting ??= new Queue<HandedFrame>();
        bool isFirst = _waiting.Count == 0;
        _waiting.Enqueue(message);
        if (!isFirst)
            return;
        _firstSent = sent;
        Draining = Task.Run(DrainAsync);
    }

    private async Task DrainAsync()
    {
        var pieces = new List<ArraySegment<byte>>();
        bool isEnd;
        do
        {
            pieces.Clear();
            Gather(pieces);
            deadlines.ExpectTaking();
            int sent = await QuietSocket.TrySendAsync(socket, pieces);
            deadlines.Taken();
            deadlines.MarkActivity();
            if (sent == 0)
            {
                lock (_lock)
                    Break();
                return;
            }

            if (!Forget(sent, out isEnd))
                break;
        }
        while (true);
        if (isEnd)
            ended();
    }

    private void Gather(List<ArraySegment<byte>> pieces)
    {
        lock (_lock)
        {
            int left = pieceBytes, from = _firstSent;
            foreach (HandedFrame message in _waiting!)
            {
                int length = Math.Min(left, message.Length - from);
                pieces.Add(message.Segment.Slice(from, length));
                left -= length;
                from = 0;
                if (left == 0 || pieces.Count == MessagesAPiece)
                    return;
            }
        }
    }

    /// <summary>False if nothing waits any more; what comes after that begins anew.</summary>
    private bool Forget(int sent, out bool isEnd)
    {
        lock (_lock)
        {
            _firstSent += sent;
            while (_waiting!.TryPeek(out HandedFrame? first) && _firstSent >= first.Length)
            {
                _firstSent -= first.Length;
                room.Return(first.Length);
                _waiting.Dequeue().Dispose();
            }

            isEnd = !IsDraining && _isLast;
            return IsDraining;
        }
    }

    /// <summary>A peer that lost a part must not stay and miss the rest: who reads from it finds out and ends it, and its room.</summary>
    private void Break()
    {
        _isBroken = true;
        _waiting?.Clear();
        QuietSocket.Abort(socket);
    }
}
