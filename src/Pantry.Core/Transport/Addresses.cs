using System.Net;
using System.Net.Sockets;

namespace Pantry.Transport;

/// <summary>Addresses as users write them: IPv4, IPv6 or DNS names.</summary>
internal static class Addresses
{
    /// <summary>Splits <c>host</c>, <c>host:port</c>, <c>[v6]:port</c> or a bare IPv6 address.</summary>
    public static (string Host, int Port) Parse(string? text, int defaultPort)
    {
        string address = (text ?? "").Trim();
        string host = address;
        int port = defaultPort;
        if (IPAddress.TryParse(address.Trim('[', ']'), out IPAddress? literal)
            && (literal.AddressFamily == AddressFamily.InterNetwork || address.StartsWith('[') == address.EndsWith(']')))
        {
            host = literal.ToString();
        }
        else if (address.LastIndexOf(':') is > 0 and int colon)
        {
            host = address[..colon].Trim('[', ']');
            if (!int.TryParse(address[(colon + 1)..], out port) || port is < 1 or > 65535)
                throw Invalid(address, "Its port must be a number from 1 to 65535");
        }

        if (Uri.CheckHostName(host) is UriHostNameType.Unknown)
            throw Invalid(address, "Give an IPv4 address, an IPv6 address or a DNS name, with or without ':port'");
        return (host, port);
    }

    /// <summary>The addresses of a host that may be used: without keys, loopback only.</summary>
    public static async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellation)
    {
        IPAddress[] found;
        try
        {
            found = IPAddress.TryParse(host, out IPAddress? literal) ? [literal] : await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            throw new PantryException(PantryErrorCode.InvalidAddress,
                $"The host name '{host}' could not be resolved: {exception.Message}. Check the name, or give an IP address.", exception)
            { Target = host };
        }

        return found.All(IsAllowed) && found.Length > 0 ? found : throw NotAllowed(host, found.FirstOrDefault(address => !IsAllowed(address)));
    }

    public static bool IsAllowed(IPAddress address) => IPAddress.IsLoopback(address);

    public static string NotAllowedMessage(string host, IPAddress? address) =>
        $"The address '{host}'{(address is null || address.ToString() == host ? "" : $" ({address})")} is not loopback. This version has no "
        + "encryption yet, so server and clients refuse every address but 127.0.0.0/8, ::1 and names of these, such as 'localhost'.";

    public static string Join(string host, int port) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";

    private static PantryException NotAllowed(string host, IPAddress? address) =>
        new(PantryErrorCode.AddressNotLoopback, NotAllowedMessage(host, address)) { Target = host };

    private static PantryException Invalid(string address, string cure) =>
        new(PantryErrorCode.InvalidAddress, $"'{DisplayText.Clean(address, 120)}' is no valid address. {cure}.") { Target = address };
}
