using System.Net;

namespace Pantry.Transport.Gates;

/// <summary>Whom a client's gate dials, and how.</summary>
internal sealed record DialOptions
{
    /// <summary>IPv4 address, IPv6 address or DNS name. Names are looked up again at each attempt.</summary>
    public required string Host { get; init; }

    /// <summary>Port of the server.</summary>
    public required int Port { get; init; }

    /// <summary>http://[user:password@]host:port (CONNECT) or socks5://[user:password@]host:port.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Name look-up, TCP connection and proxy, all addresses of the name together.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Waits between attempts.</summary>
    public Backoff Backoff { get; init; } = new(First: TimeSpan.FromMilliseconds(100), Cap: TimeSpan.FromSeconds(30), ShortOutage: TimeSpan.FromSeconds(5));

    /// <summary>A link that was up for this long makes the back-off begin anew.</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Which addresses may be dialled; null means all. With a proxy it applies to the proxy's address as well.</summary>
    public Func<IPAddress, bool>? AllowAddress { get; init; }

    /// <summary>What <see cref="AllowAddress"/> allows, in words, for the error.</summary>
    public string AllowedAddresses { get; init; } = "loopback addresses";

    /// <summary>The target as messages show it.</summary>
    public string Target => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host.Trim('[', ']')}]:{Port}" : $"{Host}:{Port}";
}
