using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>What an operator can ask of a server, in the same process or over the network.</summary>
internal interface IFleet
{
    /// <summary>The clients that match, by identity.</summary>
    IAsyncEnumerable<ClientInfo> FindClientsAsync(ClientFilter filter, CancellationToken cancellation);

    /// <summary>Gives an order to all its targets at once.</summary>
    /// <exception cref="PantryException">No known client belongs to the target.</exception>
    Task<IJob> StartJobAsync(JobRequest request, CancellationToken cancellation);

    /// <summary>Makes an enrolment.</summary>
    Task<Enrollment> EnrolAsync(Enrol request, CancellationToken cancellation);

    /// <summary>Takes a client off the list; false where there is none of that name.</summary>
    Task<bool> ForgetAsync(string identity, CancellationToken cancellation);
}

/// <summary>An order being carried out: exactly one row for every target.</summary>
internal interface IJob
{
    string Id { get; }

    /// <summary>Identities of the targets, unknown ones included.</summary>
    IReadOnlyList<string> Targets { get; }

    /// <summary>The rows as they come; ends after the last one.</summary>
    IAsyncEnumerable<ResultRow> ReadRowsAsync(CancellationToken cancellation);

    /// <summary>Cancels what has not ended; the rows still come.</summary>
    Task CancelAsync();
}

/// <summary>What to run and where.</summary>
internal sealed record JobRequest
{
    public required Target Target { get; init; }

    public required string Command { get; init; }

    public BodyFormat Format { get; init; }

    public byte[] Arguments { get; init; } = [];

    /// <summary>How long the command may run on a client.</summary>
    public TimeSpan Timeout { get; init; }

    /// <summary>How long a client may take to acknowledge the order.</summary>
    public TimeSpan DeliveryTimeout { get; init; }

    /// <summary>Clients that run the command at the same time; 0 for all.</summary>
    public int BatchSize { get; init; }

    /// <summary>Once more targets than this have not succeeded, no further one is started.</summary>
    public int? MaxFailure { get; init; }
}

/// <summary>One target's row.</summary>
/// <param name="Number">Place of the row in its job, from 0.</param>
/// <param name="Client">Identity of the target.</param>
/// <param name="RoundTrip">From the order's leaving to the result's arrival.</param>
/// <param name="Result">The outcome.</param>
/// <param name="Bodies">Standard output, standard error, output.</param>
internal sealed record ResultRow(int Number, string Client, TimeSpan? RoundTrip, Result Result, IReadOnlyList<byte[]> Bodies)
{
    public byte[] Body(int index) => index < Bodies.Count ? Bodies[index] : [];
}
