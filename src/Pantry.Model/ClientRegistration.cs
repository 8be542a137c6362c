namespace Pantry;

/// <summary>A client running in this process.</summary>
public sealed class ClientRegistration
{
    private readonly Func<RegistrationStatus> _status;
    private readonly Func<ServiceStatus> _link;

    internal ClientRegistration(object agent, Func<RegistrationStatus> status, Func<ServiceStatus> link)
    {
        Agent = agent;
        _status = status;
        _link = link;
    }

    /// <summary>Unique name of the client in its network.</summary>
    public required string Identity { get; init; }

    /// <summary>What the client is for; null where unset.</summary>
    public string? Application { get; init; }

    /// <summary>The stage the client belongs to; null where unset.</summary>
    public string? Environment { get; init; }

    /// <summary>The client's roles; empty where unset.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>Whether the server lets the client in, now.</summary>
    public RegistrationStatus Status => _status();

    /// <summary>The streams whose orders the client hears; <c>*</c> for a client with nothing set.</summary>
    public IReadOnlyList<string> Streams { get; init; } = [];

    /// <summary>Short form of the client's own key, to compare with what the server shows.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The client's own directory.</summary>
    public required string Path { get; init; }

    /// <summary>The server, as address and port.</summary>
    public required string Server { get; init; }

    /// <summary>Where the link to the server stands now.</summary>
    public ServiceStatus Link => _link();

    internal object Agent { get; }

    /// <summary>The identity.</summary>
    public override string ToString() => Identity;
}
