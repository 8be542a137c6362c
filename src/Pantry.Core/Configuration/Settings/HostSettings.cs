using Pantry.Security;
using Pantry.Transport.Gates;

namespace Pantry.Configuration.Settings;

/// <summary>What a server or client is configured with: one record, since one file can serve a machine that is both.</summary>
internal sealed record HostSettings
{
    /// <summary>Directory of a server's data; null for the host's default.</summary>
    public string? RootDirectory { get; init; }

    public NetworkSettings Network { get; init; } = new();

    public ClientSettings Client { get; init; } = new();

    /// <summary>Timeouts and limits, with what the configuration says about them.</summary>
    public PantryOptions Options { get; init; } = new();

    /// <summary>Limits of a server's gates.</summary>
    public GateLimits Gate { get; init; } = new();

    public RetentionSettings Retention { get; init; } = new();

    public LogSettings Log { get; init; } = new();

    public MetricsSettings Metrics { get; init; } = new();

    public HealthSettings Health { get; init; } = new();
}

/// <summary>Addresses and ports. A server listens there, a client dials them.</summary>
internal sealed record NetworkSettings
{
    /// <summary>IPv4, IPv6 or DNS name that a server listens on, and that a client dials; null where nothing was said.</summary>
    public string? ServerHost { get; init; }

    /// <summary>What enrolments and operators' files tell others to dial; null for the address itself.</summary>
    public string? AdvertisedHost { get; init; }

    public int PublishPort { get; init; } = PantryOptions.DefaultPublishPort;

    public int ReceivePort { get; init; } = PantryOptions.DefaultReceivePort;

    public int FilePort { get; init; } = PantryOptions.DefaultFilePort;

    /// <summary>The key that a client's server must have.</summary>
    public PublicKey? ServerKey { get; init; }

    /// <summary>The fleet's root key, which a client must be told of by its server.</summary>
    public VerifyKey? RootKey { get; init; }

    /// <summary>HTTP CONNECT or SOCKS5 proxy that a client dials through.</summary>
    public Uri? Proxy { get; init; }
}

/// <summary>What a client is, and what it allows on its own account.</summary>
internal sealed record ClientSettings
{
    /// <summary>Null for the host's name.</summary>
    public string? Identity { get; init; }

    public string? Application { get; init; }

    public string? Environment { get; init; }

    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Directory of the client's own data; null for the host's default.</summary>
    public string? Path { get; init; }

    /// <summary>Null for all commands that the client has.</summary>
    public IReadOnlyList<string>? AllowedCommands { get; init; }

    public IReadOnlyList<string> AllowedUsers { get; init; } = [];

    public IReadOnlyDictionary<string, string> Facts { get; init; } = new Dictionary<string, string>();
}

/// <summary>How long and how much a server keeps on its disk.</summary>
internal sealed record RetentionSettings
{
    /// <summary>How long jobs that have ended are kept.</summary>
    public TimeSpan Jobs { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Bytes of jobs' output that are kept; beyond, the oldest jobs that have ended go.</summary>
    public long JobOutput { get; init; } = 4L * 1024 * 1024 * 1024;
}

/// <summary>Prometheus; nothing is opened unless configured.</summary>
internal sealed record MetricsSettings
{
    /// <summary>Where <c>/metrics</c> is served; null for nowhere.</summary>
    public ListenAddress? Prometheus { get; init; }
}

/// <summary>Whether the host says over HTTP that it is well.</summary>
internal sealed record HealthSettings
{
    /// <summary>Where <c>/healthz</c> is served; null for nowhere. May be the address of <see cref="MetricsSettings.Prometheus"/>.</summary>
    public ListenAddress? Address { get; init; }
}

/// <summary>Where something listens.</summary>
internal sealed record ListenAddress(string Host, int Port)
{
    public override string ToString() => Transport.Addresses.Join(Host, Port);
}
