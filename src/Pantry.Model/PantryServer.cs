namespace Pantry;

/// <summary>A server running in this process.</summary>
public sealed class PantryServer
{
    private readonly Func<ServiceStatus> _status;
    private readonly Func<ServerStatistics> _statistics;
    private readonly Func<RootKeyInfo> _rootKey;

    internal PantryServer(object host, Func<ServiceStatus> status, Func<ServerStatistics> statistics, Func<RootKeyInfo> rootKey)
    {
        Host = host;
        _status = status;
        _statistics = statistics;
        _rootKey = rootKey;
    }

    /// <summary>Address the server listens on.</summary>
    public required string Address { get; init; }

    /// <summary>Port that orders are published on.</summary>
    public int PublishPort { get; init; }

    /// <summary>Port that answers are received on.</summary>
    public int ReceivePort { get; init; }

    /// <summary>Port of the file service.</summary>
    public int FilePort { get; init; }

    /// <summary>Address that enrolments and operators' files give.</summary>
    public required string AdvertisedAddress { get; init; }

    /// <summary>The server's public key, in Z85.</summary>
    public required string PublicKey { get; init; }

    /// <summary>Short form of the server's public key.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The fleet's root key as it is now: what operators' rights are signed with.</summary>
    public RootKeyInfo RootKey => _rootKey();

    /// <summary>Short form of the fleet's root key.</summary>
    public string RootFingerprint => RootKey.Fingerprint;

    /// <summary>The server's root directory.</summary>
    public required string Path { get; init; }

    /// <summary>When the server started.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Whether the server runs, now.</summary>
    public ServiceStatus Status => _status();

    /// <summary>The server's counters, now.</summary>
    public ServerStatistics Statistics => _statistics();

    internal object Host { get; }

    /// <summary>Address and port for answers.</summary>
    public override string ToString() => $"{Address}:{ReceivePort}";
}
