using System.Net;
using System.Net.NetworkInformation;
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

    /// <summary>The addresses of a host.</summary>
    /// <exception cref="PantryException">The name cannot be resolved.</exception>
    public static async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellation)
    {
        if (IPAddress.TryParse(host, out IPAddress? literal))
            return [literal];
        try
        {
            IPAddress[] found = await Dns.GetHostAddressesAsync(host, cancellation).ConfigureAwait(false);
            return found.Length > 0 ? found : throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (SocketException exception)
        {
            throw new PantryException(PantryErrorCode.InvalidAddress,
                $"The host name '{host}' could not be resolved: {exception.Message}. Check the name, or give an IP address.", exception)
            { Target = host };
        }
    }

    /// <summary>What to tell others to dial: the address itself, or this host's name where it stands for all addresses.</summary>
    public static string ToAdvertise(string address) =>
        IPAddress.TryParse(address, out IPAddress? literal) && (literal.Equals(IPAddress.Any) || literal.Equals(IPAddress.IPv6Any)) ? Dns.GetHostName() : address;

    /// <summary>What to dial on the machine that listens on an address.</summary>
    public static string ToDialHere(string address) => !IPAddress.TryParse(address, out IPAddress? literal) ? address
        : literal.Equals(IPAddress.Any) ? IPAddress.Loopback.ToString()
        : literal.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback.ToString()
        : address;

    /// <summary>Whether an address, as a peer's, is one of this machine's own.</summary>
    public static bool IsOfThisMachine(string address)
    {
        if (!IPAddress.TryParse(address, out IPAddress? literal))
            return false;
        IPAddress plain = literal.IsIPv4MappedToIPv6 ? literal.MapToIPv4() : literal;
        return IPAddress.IsLoopback(plain)
            || NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Any(own => own.Address.Equals(plain));
    }

    public static string Join(string host, int port) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";

    private static PantryException Invalid(string address, string cure) =>
        new(PantryErrorCode.InvalidAddress, $"'{DisplayText.Clean(address, 120)}' is no valid address. {cure}.") { Target = address };
}
