namespace Pantry.Transport.Gates;

/// <summary>Every bound of a gate, in one place.</summary>
/// <remarks>Times that belong together: a handshake is shorter than the wait for the first message, and that is
/// shorter than the time a message may take.</remarks>
internal sealed record GateLimits
{
    /// <summary>Connections at a time, in all.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>Connections at a time from one address (IPv6: one /64). Generous, for fleets behind one NAT.</summary>
    public int MaxConnectionsPerAddress { get; init; } = 10_000;

    /// <summary>
    /// Connections whose handshake is not done. When full, the oldest is dropped and never the newcomer, so that a
    /// flood of half-open ones cannot keep honest peers out: those need a few milliseconds.
    /// </summary>
    public int MaxHalfOpen { get; init; } = 512;

    /// <summary>
    /// What a half-open connection has at least before a newcomer may take its place; newcomers wait with the kernel
    /// meanwhile. With <see cref="MaxHalfOpen"/> it bounds a flood to some 5,000 connections a second.
    /// </summary>
    public TimeSpan HalfOpenGrace { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>From TCP connection to READY, however the bytes are spread.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From READY to the first byte of a message, where the peer speaks first.</summary>
    public TimeSpan FirstMessageTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// From a message's first byte to its last. Only time spent waiting for the peer counts, not the time it waits for
    /// the budget or for our own endpoint.
    /// </summary>
    public TimeSpan MessageTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the peer may leave a piece of at most <see cref="BufferBytes"/> untaken.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Without a byte in either direction; null means for ever (keep-alive finds the dead ones).</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>For the connection to our own endpoint and its handshake.</summary>
    public TimeSpan BackendTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>After one side closed, the time the other has to close as well.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>For what was said to a peer before our side dismissed it, to leave our endpoint.</summary>
    public TimeSpan DrainTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Connections accepted a second, in all; above it accepting waits (the kernel keeps the backlog).</summary>
    public double AcceptsPerSecond { get; init; } = 10_000;

    /// <summary>Connections accepted at once before <see cref="AcceptsPerSecond"/> applies.</summary>
    public double AcceptBurst { get; init; } = 20_000;

    /// <summary>Connections a second from one address; above it they are refused and counted.</summary>
    public double AcceptsPerSecondPerAddress { get; init; } = 2_000;

    /// <summary>Connections at once from one address before <see cref="AcceptsPerSecondPerAddress"/> applies.</summary>
    public double AcceptBurstPerAddress { get; init; } = 20_000;

    /// <summary>Messages a second of one connection; above it reading waits, nothing is dropped.</summary>
    public double MessagesPerSecond { get; init; } = 50_000;

    /// <summary>Bytes a second of one connection; above it reading waits, nothing is dropped.</summary>
    public double BytesPerSecond { get; init; } = 1024 * 1024 * 1024;

    /// <summary>How many seconds' worth of messages and bytes may come at once.</summary>
    public double BurstSeconds { get; init; } = 2;

    /// <summary>
    /// A message announcing more than this takes its size from <see cref="FrameBudgetBytes"/>. Low, because
    /// connections times this is what strangers can make us hold for nothing.
    /// </summary>
    public int LargeMessageBytes { get; init; } = 8 * 1024;

    /// <summary>
    /// Announced bytes of large messages that are begun and not complete, over all connections. Above it a connection
    /// waits with the header, in order of arrival.
    /// </summary>
    public long FrameBudgetBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>
    /// What may wait for one peer that does not take it. One message always may, whatever its size; beyond
    /// <see cref="OutboundFreeBytes"/> it comes from <see cref="OutboundBudgetBytes"/> too.
    /// </summary>
    public long OutboundBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>What may wait for each peer whatever waits for others.</summary>
    public long OutboundFreeBytes { get; init; } = 64 * 1024;

    /// <summary>What may wait for all peers together beyond their free bytes.</summary>
    public long OutboundBudgetBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>What is collected for our own endpoint while it takes what was collected before; so much goes in one write.</summary>
    public int LinkBatchBytes { get; init; } = 64 * 1024;

    /// <summary>Backlog asked of the kernel, which may give less.</summary>
    public int Backlog { get; init; } = 4096;

    /// <summary>Silence before TCP's first keep-alive probe.</summary>
    public TimeSpan KeepAliveTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Between probes.</summary>
    public TimeSpan KeepAliveInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Unanswered probes before the connection is dead. 15 + 3 x 5 s is within the 30 s of a dead link.</summary>
    public int KeepAliveProbes { get; init; } = 3;

    /// <summary>Buffer for bodies of granted large messages and for what we send.</summary>
    public int BufferBytes { get; init; } = 128 * 1024;

    /// <summary>Buffer for everything else a peer sends; all that a peer which is made to wait can hold.</summary>
    public int SmallBufferBytes { get; init; } = 16 * 1024;

    /// <summary>Throws when limits contradict each other.</summary>
    public void Validate(GateProfile profile)
    {
        foreach (double positive in (ReadOnlySpan<double>)[
            MaxConnections, MaxConnectionsPerAddress, MaxHalfOpen, AcceptsPerSecond, AcceptBurst, AcceptsPerSecondPerAddress,
            AcceptBurstPerAddress, MessagesPerSecond, BytesPerSecond, BurstSeconds, LargeMessageBytes,
            OutboundBytes, OutboundFreeBytes, OutboundBudgetBytes, LinkBatchBytes, Backlog, KeepAliveProbes, BufferBytes, SmallBufferBytes, HandshakeTimeout.Ticks, FirstMessageTimeout.Ticks,
            MessageTimeout.Ticks, StallTimeout.Ticks, BackendTimeout.Ticks, CloseTimeout.Ticks, DrainTimeout.Ticks, HalfOpenGrace.Ticks, IdleTimeout?.Ticks ?? 1])
        {
            if (!(positive > 0))
                throw new PantryException(PantryErrorCode.InvalidArgument, "Every limit of a gate must be greater than zero.");
        }

        if (profile.TopicBytes is < 1 or > 16)
            throw new PantryException(PantryErrorCode.InvalidArgument, "A topic id has between 1 and 16 bytes.");
        if (profile.MaxMessageBytes > FrameBudgetBytes)
        {
            throw new PantryException(
                PantryErrorCode.InvalidArgument,
                $"The frame budget of {FrameBudgetBytes} bytes is smaller than one message of {profile.MaxMessageBytes} bytes; make it larger.");
        }
    }
}
