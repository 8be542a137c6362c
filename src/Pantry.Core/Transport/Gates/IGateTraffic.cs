namespace Pantry.Transport.Gates;

/// <summary>What peers of one port have to do with the endpoint behind it: how messages find their way between the two.</summary>
internal interface IGateTraffic
{
    /// <summary>The link, over which all of it goes.</summary>
    GateLink Link { get; }

    /// <summary>Takes a peer's message, which has been judged; it is kept as it is until this completes.</summary>
    /// <returns>False if there is no link to our endpoint.</returns>
    ValueTask<bool> TakeAsync(PeerConnection from, ReadOnlyMemory<byte> message);

    /// <summary>The connection has ended; nothing more comes of it.</summary>
    Task EndAsync(PeerConnection connection);
}
