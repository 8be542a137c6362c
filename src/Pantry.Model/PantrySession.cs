namespace Pantry;

/// <summary>An operator's connection to a server.</summary>
public sealed class PantrySession
{
    private readonly Func<ServiceStatus> _status;

    internal PantrySession(object fleet, Func<ServiceStatus> status)
    {
        Fleet = fleet;
        _status = status;
    }

    /// <summary>The server, as address and port.</summary>
    public required string Server { get; init; }

    /// <summary>Name of the operator whose keys the session has.</summary>
    public required string Operator { get; init; }

    /// <summary>Version of Pantry on the server.</summary>
    public string ServerVersion { get; init; } = "";

    /// <summary>When the connection was made.</summary>
    public DateTimeOffset ConnectedAt { get; init; }

    /// <summary>Where the connection stands, now.</summary>
    public ServiceStatus Status => _status();

    internal object Fleet { get; }

    /// <summary>The server.</summary>
    public override string ToString() => Server;
}
