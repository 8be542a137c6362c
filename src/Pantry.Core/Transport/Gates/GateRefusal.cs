namespace Pantry.Transport.Gates;

/// <summary>Why a gate refused or cut a connection. The names are the counters' names.</summary>
internal enum GateRefusal
{
    /// <summary>Not refused.</summary>
    None,

    /// <summary>The gate has as many connections as it may have.</summary>
    TooManyConnections,

    /// <summary>One address has as many connections as it may have.</summary>
    TooManyFromAddress,

    /// <summary>One address connects too often.</summary>
    AcceptRate,

    /// <summary>Half-open for longest when a newcomer needed the place.</summary>
    HalfOpenEvicted,

    /// <summary>The handshake was not done in time.</summary>
    HandshakeTimeout,

    /// <summary>Closed by the peer before its handshake was done.</summary>
    ClosedInHandshake,

    /// <summary>The first bytes are not ZMTP's signature (this includes ZMTP 1.0).</summary>
    NotZmtp,

    /// <summary>ZMTP, but not 3.0 (this includes ZMTP 2.0).</summary>
    WrongVersion,

    /// <summary>A mechanism other than NULL.</summary>
    WrongMechanism,

    /// <summary>As-server or filler of the greeting is not zero.</summary>
    MalformedGreeting,

    /// <summary>The first frame is not a READY as it must be.</summary>
    MalformedReady,

    /// <summary>READY names a socket type that has no business here.</summary>
    WrongSocketType,

    /// <summary>READY claims an identity.</summary>
    IdentityNotEmpty,

    /// <summary>Not one byte came after the handshake.</summary>
    FirstMessageTimeout,

    /// <summary>A command frame after the handshake.</summary>
    CommandFrame,

    /// <summary>Reserved bits of a frame's flags are set.</summary>
    ReservedFlags,

    /// <summary>A frame announces more bytes than allowed.</summary>
    FrameTooLarge,

    /// <summary>The frames of a message have more bytes than allowed.</summary>
    MessageTooLarge,

    /// <summary>A message of too many frames.</summary>
    TooManyFrames,

    /// <summary>Something other than a subscription to a whole topic id.</summary>
    BadSubscription,

    /// <summary>More live subscriptions than allowed.</summary>
    TooManySubscriptions,

    /// <summary>A message was begun and not completed in time.</summary>
    MessageTimeout,

    /// <summary>The peer does not take what is sent to it.</summary>
    PeerStalled,

    /// <summary>Nothing passed in either direction for too long.</summary>
    IdleTimeout,

    /// <summary>Closed by our side, after what it had to say to the peer.</summary>
    Dismissed,

    /// <summary>The endpoint behind the gate does not answer as it must.</summary>
    BackendUnavailable,

    /// <summary>Cut because the gate stopped or was told to dial again.</summary>
    Stopped,

    /// <summary>An error inside the gate.</summary>
    InternalError,
}
