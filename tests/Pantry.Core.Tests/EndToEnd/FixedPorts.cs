using System.Net;
using System.Net.Sockets;

namespace Pantry.Tests.EndToEnd;

/// <summary>Free ports that can be bound again: below the range from which the system takes ports for outgoing connections.</summary>
internal static class FixedPorts
{
    public static int[] Take(int count)
    {
        var found = new List<int>();
        for (int port = Random.Shared.Next(20_000, 31_000); found.Count < count; port++)
        {
            var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                found.Add(port);
            }
            catch (SocketException)
            {
                // Taken: the next one.
            }
            finally
            {
                listener.Dispose();
            }
        }

        return [.. found];
    }
}
