namespace Pantry.Transport.Gates;

/// <summary>
/// Traffic with a ROUTER: a message has the number of the peer's connection in front, in both directions. A number alone is
/// the end: from the gate, that the connection has ended and nothing more comes of it; from the endpoint, that it is to
/// end when all before has left.
/// </summary>
internal sealed class NumberedTraffic : IGateTraffic
{
    private readonly Func<ulong, PeerConnection?> _find;
    private long _delivered;

    /// <param name="context">What the gate's connections share.</param>
    /// <param name="find">Finds a connection that has not ended.</param>
    /// <param name="naming">Told the link's name before it is dialled.</param>
    /// <param name="linkEnded">Told when the link has ended.</param>
    /// <param name="stopping">Dial no more.</param>
    public NumberedTraffic(
        GateContext context, Func<ulong, PeerConnection?> find, Func<byte[], Task>? naming, Action linkEnded, CancellationToken stopping)
    {
        _find = find;
        Link = new GateLink(context, LinkMessage.NumberBytes, Deliver, naming, Ended, stopping);

        void Ended()
        {
            // What was in it is lost, and the endpoint counts anew as well.
            Volatile.Write(ref _delivered, 0);
            linkEnded();
        }
    }

    /// <inheritdoc/>
    public GateLink Link { get; }

    /// <summary>Messages and ends that came over the present link.</summary>
    public long Delivered => Volatile.Read(ref _delivered);

    /// <inheritdoc/>
    public ValueTask<bool> TakeAsync(PeerConnection from, ReadOnlyMemory<byte> message)
    {
        from.HasSpoken = true;
        return Link.WriteAsync(from.Number, message);
    }

    /// <inheritdoc/>
    public async Task EndAsync(PeerConnection connection)
    {
        if (connection.HasSpoken)
            await Link.WriteAsync(connection.Number, default);
    }

    /// <summary>Takes room for a message to a peer; what was taken and cannot be sent is given back.</summary>
    public RoomOutcome TryTakeRoom(ulong number, long bytes)
    {
        if (_find(number) is not { IsDismissed: false } connection)
            return RoomOutcome.Gone;
        return connection.Room.TryTake(bytes) ? RoomOutcome.Taken : RoomOutcome.Full;
    }

    /// <summary>Sends a message of one frame past our endpoint: large ones would be copied there for nothing. It is the gate's once it is taken.</summary>
    public RoomOutcome TrySend(ulong number, HandedFrame frame)
    {
        if (_find(number) is not { IsDismissed: false } connection)
            return RoomOutcome.Gone;
        byte[] header = LinkMessage.HeaderOf(frame.Length);
        if (!connection.Room.TryTake(header.Length + frame.Length))
            return RoomOutcome.Full;
        if (frame.TryPrepend(header))
            connection.SendOwn(frame);
        else
            connection.SendOwn(new HandedFrame(header), frame);
        return RoomOutcome.Taken;
    }

    /// <summary>A message for which room was taken could not be sent.</summary>
    public void ReturnRoom(ulong number, long bytes) => _find(number)?.Room.Return(bytes);

    private void Deliver(LinkMessage message)
    {
        PeerConnection? connection = _find(message.Number);
        if (message.Frames.IsEmpty)
            connection?.EndAfterOutbound();
        else
            connection?.Send(message.Frames);
        // Only the link's one task is here.
        Volatile.Write(ref _delivered, _delivered + 1);
    }
}

/// <summary>Whether there is room for a message to a peer.</summary>
internal enum RoomOutcome
{
    Taken,

    /// <summary>Too much waits for the peer already.</summary>
    Full,

    /// <summary>There is no such connection, or it is to end.</summary>
    Gone,
}
