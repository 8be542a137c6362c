namespace Pantry.Transport.Gates;

/// <summary>The socket types of ZMTP that Pantry has a use for.</summary>
internal enum ZmtpSocketType
{
    /// <summary>Sends to those who subscribed.</summary>
    Pub,

    /// <summary>Subscribes and receives.</summary>
    Sub,

    /// <summary>Talks to many, by routing id.</summary>
    Router,

    /// <summary>Talks to one.</summary>
    Dealer,
}

internal static class ZmtpSocketTypeNames
{
    /// <summary>The name as READY has it.</summary>
    public static string WireName(this ZmtpSocketType type) => type switch
    {
        ZmtpSocketType.Pub => "PUB",
        ZmtpSocketType.Sub => "SUB",
        ZmtpSocketType.Router => "ROUTER",
        ZmtpSocketType.Dealer => "DEALER",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };
}
