using System.Net;
using System.Net.Sockets;

namespace Pantry.PowerShell.Tests.Engine;

internal static class Ports
{
    /// <summary>Whether nobody listens there.</summary>
    public static bool Free(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
