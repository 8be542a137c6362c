using System.Net;
using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>Opens the listening sockets of a gate, all on one port.</summary>
internal static class GateListeners
{
    private const int PortAttempts = 16;

    public static List<Socket> Open(IReadOnlyList<IPEndPoint> endPoints, int backlog)
    {
        if (endPoints.Count == 0)
            throw new PantryException(PantryErrorCode.InvalidAddress, "There is no address to listen on; name at least one.");

        for (int attempt = 1; ; attempt++)
        {
            try
            {
                return OpenAll(endPoints, backlog);
            }
            catch (PantryException error)
                when (error.Code == PantryErrorCode.PortInUse && endPoints[0].Port == 0 && attempt < PortAttempts)
            {
                // The port that was free on the first address is taken on another one; the next may do.
            }
        }
    }

    private static List<Socket> OpenAll(IReadOnlyList<IPEndPoint> endPoints, int backlog)
    {
        var sockets = new List<Socket>(endPoints.Count);
        try
        {
            int port = 0;
            foreach (IPEndPoint wanted in endPoints)
            {
                Socket socket = OpenOne(new IPEndPoint(wanted.Address, wanted.Port == 0 ? port : wanted.Port), backlog);
                sockets.Add(socket);
                port = ((IPEndPoint)socket.LocalEndPoint!).Port;
            }

            return sockets;
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    private static Socket OpenOne(IPEndPoint endPoint, int backlog)
    {
        Socket? socket = null;
        try
        {
            socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            // Elsewhere this is the default; on Windows another program could otherwise share the port.
            if (OperatingSystem.IsWindows())
                socket.ExclusiveAddressUse = true;
            // So that 0.0.0.0 and :: can both be named.
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            socket.Bind(endPoint);
            socket.Listen(backlog);
            return socket;
        }
        catch (SocketException error)
        {
            socket?.Dispose();
            throw Explain(error, endPoint);
        }
    }

    private static PantryException Explain(SocketException error, IPEndPoint at) => error.SocketErrorCode switch
    {
        SocketError.AddressAlreadyInUse => new PantryException(
            PantryErrorCode.PortInUse,
            $"Port {at.Port} on address {at.Address} is in use by another program; stop that program, or choose another port (0 picks a free one).",
            error)
        { Target = at.ToString() },
        SocketError.AccessDenied => new PantryException(
            PantryErrorCode.PortInUse,
            $"Port {at.Port} on address {at.Address} may not be used by this account; choose a port above 1023, or grant the right to use it.",
            error)
        { Target = at.ToString() },
        SocketError.AddressNotAvailable => new PantryException(
            PantryErrorCode.InvalidAddress,
            $"Address {at.Address} (port {at.Port}) belongs to no interface of this machine; use one of its addresses, or 0.0.0.0 or :: for all.",
            error)
        { Target = at.ToString() },
        _ => new PantryException(
            PantryErrorCode.InvalidAddress,
            $"Address {at.Address}, port {at.Port}, cannot be listened on ({error.SocketErrorCode}); check that the address and its family are configured on this machine.",
            error)
        { Target = at.ToString() },
    };
}
