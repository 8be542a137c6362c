using System.Net.Sockets;

namespace Pantry.Transport.Gates;

/// <summary>All messages about links that do not come about, in one place.</summary>
internal static class GateFaults
{
    public static GateFault NameNotResolved(string host, string seen) => new(
        GateFaultKind.NameNotResolved,
        $"The name '{host}' could not be resolved ({seen}); check the spelling, and that this machine's DNS knows it.");

    public static GateFault AddressNotAllowed(string host, IEnumerable<System.Net.IPAddress> found, string allowed) => new(
        GateFaultKind.AddressNotAllowed,
        $"{host} is {string.Join(", ", found)}, but only {allowed} may be used; name another server.");

    public static GateFault TimedOut(string target, TimeSpan waited) => new(
        GateFaultKind.TimedOut,
        $"No connection to {target} within {Seconds(waited)}; check that the server runs and that no firewall drops the traffic.");

    public static GateFault Connect(string target, SocketException error) => error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => new(
            GateFaultKind.Refused,
            $"Nothing listens at {target} (connection refused); start the server there, or correct the address or port."),
        SocketError.TimedOut => new(
            GateFaultKind.TimedOut,
            $"No connection to {target} in time; check that the server runs and that no firewall drops the traffic."),
        _ => new(
            GateFaultKind.Unreachable,
            $"{target} cannot be reached ({error.SocketErrorCode}); check the network and the address."),
    };

    public static GateFault Proxy(string proxy, string target, string seen) => new(
        GateFaultKind.ProxyFailed,
        $"The proxy {proxy} did not connect to {target}: {seen}; check the proxy's address, its rules and the credentials.");

    /// <summary>The error for a connection that was made and is over.</summary>
    public static GateFault Ended(string target, GateConnection connection, GateProfile profile, GateLimits limits)
    {
        HandshakeParser seen = connection.Handshake;
        string expected = $"a Pantry server's {profile.Peer.WireName()} port";
        return connection.Reason switch
        {
            GateRefusal.NotZmtp => new(
                GateFaultKind.NotZmtp,
                $"{target} is not {expected}: expected ZMTP 3.0, saw \"{connection.SeenInstead ?? PrintableBytes.Show(seen.Greeting)}\"; correct the address or port."),
            GateRefusal.WrongVersion => new(
                GateFaultKind.WrongZmtpVersion,
                $"{target} speaks ZMTP {ZmtpGreeting.Version(seen.Greeting)}, expected 3.0; this is not {expected}, correct the address or port."),
            GateRefusal.WrongMechanism => new(
                GateFaultKind.WrongMechanism,
                $"{target} demands the mechanism {ZmtpGreeting.Mechanism(seen.Greeting)}, expected NULL; this is not {expected}, correct the address or port."),
            GateRefusal.WrongSocketType => new(
                GateFaultKind.WrongSocketType,
                $"{target} is a {seen.SeenType} socket, expected {profile.Peer.WireName()}; the server's ports may be swapped, correct the port."),
            GateRefusal.HandshakeTimeout => new(
                GateFaultKind.TimedOut,
                $"{target} took the connection but did not complete the handshake within {Seconds(limits.HandshakeTimeout)}; expected {expected}, saw {(seen.Greeting.Length == 0 ? "nothing" : "a part of it")}; correct the address or port, or look at the server."),
            GateRefusal.ClosedInHandshake => new(
                GateFaultKind.PeerClosed,
                $"{target} closed the connection before its handshake was done; expected {expected}: correct the port, or look at the server's log and limits."),
            GateRefusal.BackendUnavailable => new(
                GateFaultKind.BackendUnavailable,
                $"The link to {target} stands, but this side's own endpoint does not answer; restart this client."),
            GateRefusal.Stopped => new(GateFaultKind.Dropped, $"The link to {target} was dropped by this side."),
            GateRefusal.PeerStalled or GateRefusal.IdleTimeout or GateRefusal.MessageTimeout => new(
                GateFaultKind.TimedOut,
                $"The link to {target} was cut because nothing moved in time ({connection.Reason}); check the network and the server."),
            GateRefusal.None when connection.BackendClosedFirst => new(
                GateFaultKind.Dropped, $"The link to {target} was closed by this side's own endpoint."),
            GateRefusal.None => new(
                GateFaultKind.PeerClosed,
                $"{target} closed the connection; the server stopped, restarted or refused what was sent: look at its log."),
            _ => new(
                GateFaultKind.ProtocolViolation,
                $"{target} broke the protocol ({connection.Reason}); expected {expected}: correct the port, or bring both sides to the same version."),
        };
    }

    private static string Seconds(TimeSpan span) =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.###} s");
}
