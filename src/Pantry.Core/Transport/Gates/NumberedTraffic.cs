namespace Pantry.Transport.Gates;

/// <summary>
/// Traffic with a ROUTER: a message has the number of the peer's connection in front, in both directions. A number alone is
/// the end: from the gate, that the connection has ended and nothing more comes of it; from the endpoint, that it is to
/// end when all before has left.
/// </summary>
internal sealed class NumberedTraffic : IGateTraffic
{
    private readonly Func<ulong, PeerConnection?> _find;
    private long _underWay;

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
            // What was in it is lost.
            Interlocked.Exchange(ref _underWay, 0);
            linkEnded();
        }
    }

    /// <inheritdoc/>
    public GateLink Link { get; }

    /// <summary>Messages for which room was taken and which have not come over the link yet.</summary>
    public long UnderWay => Interlocked.Read(ref _underWay);

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
        if (!connection.Room.TryTake(bytes))
            return RoomOutcome.Full;
        Interlocked.Increment(ref _underWay);
        return RoomOutcome.Taken;
    }

    /// <summary>Sends a message of one frame past our endpoint: large ones would be copied there for nothing. The array is the gate's from then on.</summary>
    public RoomOutcome TrySend(ulong number, byte[] frame)
    {
        if (_find(number) is not { IsDismissed: false } connection)
            return RoomOutcome.Gone;
        byte[] header = LinkMessage.HeaderOf(frame.Length);
        if (!connection.Room.TryTake(header.Length + frame.Length))
            return RoomOutcome.Full;
        connection.SendOwn(header, frame);
        return RoomOutcome.Taken;
    }

    /// <summary>A message for which room was taken could not be sent.</summary>
    public void ReturnRoom(ulong number, long bytes)
    {
        _find(number)?.Room.Return(bytes);
        Interlocked.Decrement(ref _underWay);
    }

    private void Deliver(LinkMessage message)
    {
        PeerConnection? connection = _find(message.Number);
        if (message.Frames.IsEmpty)
        {
            connection?.EndAfterOutbound();
            return;
        }

        Interlocked.Decrement(ref _underWay);
        connection?.Send(message.Frames);
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
