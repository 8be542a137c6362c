namespace Pantry;

/// <summary>An order that waits for a client which is offline.</summary>
public sealed record QueuedOrder
{
    /// <summary>Id of the job.</summary>
    public required string JobId { get; init; }

    /// <summary>Identity of the client.</summary>
    public required string Client { get; init; }

    /// <summary>Name of the command.</summary>
    public required string Command { get; init; }

    /// <summary>Name of the operator who gave the order.</summary>
    public required string Operator { get; init; }

    /// <summary>Since when the job is there.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Until when the order waits.</summary>
    public DateTimeOffset ValidUntil { get; init; }
}
