using System.Net.Sockets;

namespace Pantry.Transport.Gates;

internal static class GateSocketOptions
{
    /// <summary>No delay for small messages, and keep-alive so that a dead peer is noticed without traffic.</summary>
    public static void Apply(Socket socket, GateLimits limits)
    {
        socket.NoDelay = true;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, Seconds(limits.KeepAliveTime));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Seconds(limits.KeepAliveInterval));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, limits.KeepAliveProbes);
    }

    private static int Seconds(TimeSpan span) => Math.Max(1, (int)span.TotalSeconds);
}
