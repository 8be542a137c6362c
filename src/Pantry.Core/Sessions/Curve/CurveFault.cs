namespace Pantry.Sessions.Curve;

/// <summary>What is wrong with a command of CurveZMQ.</summary>
internal enum CurveFault
{
    None,

    /// <summary>It has not the form of its kind, or is of no known kind.</summary>
    Malformed,

    /// <summary>A box does not open: it is for another key, was changed, or its key is none that may be used.</summary>
    WrongKey,

    /// <summary>The cookie is not from this server, too old, or of another connection.</summary>
    BadCookie,

    /// <summary>The client does not prove that it holds its key, for this server and this handshake.</summary>
    BadVouch,

    /// <summary>The nonce does not grow: the command is a repetition or out of its order.</summary>
    BadNonce,

    /// <summary>A command of a known kind that has no place here now.</summary>
    OutOfOrder,

    /// <summary>The other side has used up its nonces.</summary>
    Exhausted,

    /// <summary>The other side sent ERROR. Nothing proves that it was the other side.</summary>
    RefusedByPeer,
}
