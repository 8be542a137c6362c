using Pantry.Protocol;
using Pantry.Security;

namespace Pantry.Storage;

/// <summary>A job as it is kept: the order, its targets, and how far it had come.</summary>
internal sealed record StoredJob
{
    public required string Id { get; init; }

    /// <summary>Name of the operator who gave it.</summary>
    public required string Operator { get; init; }

    /// <summary>Public signing key of the operator: a name can be another's later.</summary>
    public required byte[] OperatorKey { get; init; }

    /// <summary>Where it came from; null for the server itself.</summary>
    public string? From { get; init; }

    public required string Command { get; init; }

    /// <summary>Whom it is meant for, in words.</summary>
    public required string Target { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset NotAfter { get; init; }

    public PantryJobState State { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Identities of the targets.</summary>
    public required IReadOnlyList<string> Targets { get; init; }

    /// <summary>Whether its output was wanted while it ran.</summary>
    public bool IsLive { get; init; }

    /// <summary>The order; null where the job has ended.</summary>
    public StoredOrder? Order { get; init; }

    /// <summary>The rows there are, in their order.</summary>
    public IReadOnlyList<StoredRow> Rows { get; init; } = [];
}

/// <summary>What a job is carried out by.</summary>
/// <param name="Signed">The order as it was signed.</param>
/// <param name="Keys">The targets' keys, in the order of the targets; null for one that the server did not know.</param>
/// <param name="Begun">How many of the targets, in their order, may have been sent the order.</param>
internal sealed record StoredOrder(SignedJob Signed, IReadOnlyList<PublicKey?> Keys, int Begun);

/// <summary>One target's row.</summary>
/// <param name="Row">The row, where its output was asked for with all of it.</param>
/// <param name="Canary">Whether the target was one of those that go first.</param>
/// <param name="Live">Place of the target among the job's where its output was wanted while it ran; else null.</param>
internal sealed record StoredRow(ResultRow Row, bool Canary, int? Live = null)
{
    /// <summary>Key of the client where the row has its provisioning reports, or should have them; else null.</summary>
    public PublicKey? ReportsOf { get; init; }

    /// <summary>Whether the order of such a row was a dry run.</summary>
    public bool DryRun { get; init; }

    /// <summary>Whether the target could not be started from the beginning. Of no other row that the server makes itself it says that it failed.</summary>
    public bool IsLeftOut => IsServersWord && Row.Result.Status == CommandStatus.Failed;

    /// <summary>Whether the target ended without its own word.</summary>
    public bool IsServersWord => Row is { RoundTrip: null, Result.StartedAt: null };
}
