namespace Pantry.Transport;

/// <summary>A connection of a peer. The number is the port's gate's own and never used again; it says nothing about who the peer is.</summary>
internal readonly record struct PeerId(ServerPort Port, ulong Number)
{
    public override string ToString() => $"{Port}#{Number}";
}

/// <summary>The server's ports that peers send to.</summary>
internal enum ServerPort
{
    Receive,
    File,
}

/// <summary>Something that happened on the server's sockets.</summary>
internal abstract record ServerEvent
{
    /// <summary>A peer sent a transport message.</summary>
    public sealed record Received(PeerId Peer, byte[][] Frames) : ServerEvent;

    /// <summary>The connection of a peer has ended. Comes once, after all that was received of the peer.</summary>
    public sealed record Disconnected(PeerId Peer) : ServerEvent;

    /// <summary>The first subscriber of a topic came, or its last one went.</summary>
    public sealed record SubscriptionChanged(TopicId Topic, bool Subscribed) : ServerEvent;
}

/// <summary>What became of a message that was to be sent.</summary>
internal enum SendOutcome
{
    Sent,

    /// <summary>The peer has no connection any more.</summary>
    Unreachable,

    /// <summary>The peer does not take its messages fast enough.</summary>
    Congested,

    /// <summary>The transport is closed.</summary>
    Closed,
}
