using NetMQ;

namespace Pantry.Transport;

/// <summary>What Pantry sets in place of NetMQ's defaults, each for a reason that docs/architecture.md gives.</summary>
internal static class SocketDefaults
{
    /// <summary>Messages that wait in one socket for its one peer, in each direction. At a server that peer is the gate's link, for all clients together, and its senders have bounds of their own.</summary>
    public const int HighWatermark = 10_000;

    private const int MaxSockets = 65_536;

    /// <summary>Process-wide settings; they count from the first socket on, so they come before it.</summary>
    public static void Apply()
    {
        if (NetMQConfig.MaxSockets < MaxSockets)
            NetMQConfig.MaxSockets = MaxSockets;
    }

    /// <summary>Settings of a socket that is about to be bound to loopback, behind its gate.</summary>
    public static void Apply(NetMQSocket socket, long maxFrameBytes, TimeSpan linger)
    {
        socket.Options.Linger = linger;
        socket.Options.SendHighWatermark = HighWatermark;
        socket.Options.ReceiveHighWatermark = HighWatermark;
        socket.Options.MaxMsgSize = maxFrameBytes;
        socket.Options.Backlog = 1024;
    }
}
