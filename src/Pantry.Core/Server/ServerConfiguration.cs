using Pantry.Configuration;

namespace Pantry.Server;

/// <summary>What a server is started with.</summary>
internal sealed record ServerConfiguration
{
    /// <summary>IPv4, IPv6 or DNS name to listen on.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Address that enrolments give to clients; null for <see cref="Address"/>, or the host's name where that is any address.</summary>
    public string? AdvertisedAddress { get; init; }

    public int PublishPort { get; init; } = PantryOptions.DefaultPublishPort;

    public int ReceivePort { get; init; } = PantryOptions.DefaultReceivePort;

    public int FilePort { get; init; } = PantryOptions.DefaultFilePort;

    /// <summary>Whether programs on this machine that can read the server's keys find a way in as its own operator.</summary>
    public bool HasConsole { get; init; }

    /// <summary>Root directory of the server's data.</summary>
    public required string Path { get; init; }
}
