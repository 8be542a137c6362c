namespace Pantry;

/// <summary>Whether a client answers, and how fast.</summary>
public sealed record PingResult
{
    /// <summary>Identity of the client.</summary>
    public required string Client { get; init; }

    /// <summary>How the ping ended.</summary>
    public CommandStatus Status { get; init; }

    /// <summary>From the order's leaving to the answer's arrival, both seen on the server; null where none came.</summary>
    public TimeSpan? RoundTrip { get; init; }

    /// <summary>Why there was no answer; null where there was.</summary>
    public CommandError? Error { get; init; }
}
