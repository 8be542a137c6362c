namespace Pantry.Transport.Gates;

/// <summary>Why there is no link.</summary>
internal enum GateFaultKind
{
    /// <summary>The name has no address.</summary>
    NameNotResolved,

    /// <summary>No address of the target may be dialled.</summary>
    AddressNotAllowed,

    /// <summary>Nothing listens there.</summary>
    Refused,

    /// <summary>There is no way to the address.</summary>
    Unreachable,

    /// <summary>No connection, or no answer, in time.</summary>
    TimedOut,

    /// <summary>The proxy said no, or is none.</summary>
    ProxyFailed,

    /// <summary>Something else answers.</summary>
    NotZmtp,

    /// <summary>ZMTP of another version.</summary>
    WrongZmtpVersion,

    /// <summary>ZMTP with a mechanism other than NULL.</summary>
    WrongMechanism,

    /// <summary>ZMTP, but another port of it.</summary>
    WrongSocketType,

    /// <summary>The server closed the connection.</summary>
    PeerClosed,

    /// <summary>The server sent what it may not send.</summary>
    ProtocolViolation,

    /// <summary>Our own endpoint does not answer.</summary>
    BackendUnavailable,

    /// <summary>This side dropped the link, to dial again or to stop.</summary>
    Dropped,
}

/// <summary>Why there is no link, in one sentence with target, what was expected, what was seen, and a cure.</summary>
internal sealed record GateFault(GateFaultKind Kind, string Message);

/// <summary>State of a client's link.</summary>
/// <param name="IsUp">Whether both sides are connected.</param>
/// <param name="Fault">Why not, if not.</param>
/// <param name="Failures">Attempts that failed in a row.</param>
internal sealed record GateLinkState(bool IsUp, GateFault? Fault, int Failures)
{
    /// <summary>Both sides are connected.</summary>
    public static GateLinkState Up { get; } = new(true, null, 0);

    /// <summary>There is no link.</summary>
    public static GateLinkState Down(GateFault fault, int failures) => new(false, fault, failures);
}
