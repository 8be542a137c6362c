namespace Pantry.Transport.Gates;

/// <summary>Which protocol one gate lets through: who is on either side, and what the foreign side may send.</summary>
internal sealed record GateProfile
{
    /// <summary>The largest frame a peer may send unless a profile says less.</summary>
    public const long DefaultMaxFrameBytes = 16 * 1024 * 1024;

    /// <summary>What the gate shows itself as to the foreign peer; the type of our own endpoint.</summary>
    public required ZmtpSocketType Local { get; init; }

    /// <summary>What the foreign peer must be.</summary>
    public required ZmtpSocketType Peer { get; init; }

    /// <summary>Largest frame the peer may send.</summary>
    public long MaxFrameBytes { get; init; } = DefaultMaxFrameBytes;

    /// <summary>Largest message the peer may send, all frames together.</summary>
    public long MaxMessageBytes { get; init; } = DefaultMaxFrameBytes;

    /// <summary>Most frames of one message.</summary>
    public int MaxFramesPerMessage { get; init; } = 8;

    /// <summary>Largest message of our own endpoint, all frames with their headers together.</summary>
    public int MaxEndpointMessageBytes { get; init; } = (int)DefaultMaxFrameBytes + (64 * 1024);

    /// <summary>The peer may send subscriptions to whole topic ids and nothing else.</summary>
    public bool SubscriptionsOnly { get; init; }

    /// <summary>Length of a topic id. A shorter subscription would match topics the peer does not know.</summary>
    public int TopicBytes { get; init; } = 16;

    /// <summary>Most subscriptions one peer may have at a time.</summary>
    public int MaxSubscriptions { get; init; } = 1024;

    /// <summary>Server side: we publish, the peer subscribes.</summary>
    public static GateProfile Publish() => new()
    {
        Local = ZmtpSocketType.Pub,
        Peer = ZmtpSocketType.Sub,
        SubscriptionsOnly = true,
        MaxFrameBytes = 17,
        MaxMessageBytes = 17,
        MaxFramesPerMessage = 1,
    };

    /// <summary>Server side: our ROUTER, the peer's DEALER.</summary>
    public static GateProfile Receive() => new() { Local = ZmtpSocketType.Router, Peer = ZmtpSocketType.Dealer };

    /// <summary>Client side: we subscribe to the server's PUB.</summary>
    public static GateProfile Subscribe() => new() { Local = ZmtpSocketType.Sub, Peer = ZmtpSocketType.Pub };

    /// <summary>Client side: our DEALER, the server's ROUTER.</summary>
    public static GateProfile Answer() => new() { Local = ZmtpSocketType.Dealer, Peer = ZmtpSocketType.Router };
}
