using System.Text.Json.Serialization;

namespace Pantry.Protocol;

/// <summary>How an order is carried out among its targets. It can only hold targets back or have them tell sooner what they tell anyway, so it need not be signed.</summary>
internal sealed record RolloutPlan
{
    /// <summary>All at once, and those that are offline are told so.</summary>
    public static RolloutPlan AtOnce { get; } = new();

    /// <summary>Targets at work at the same time; null for all.</summary>
    public Share? BatchSize { get; init; }

    /// <summary>The first targets; only when all of them have succeeded do the others follow.</summary>
    public Share? Canary { get; init; }

    /// <summary>Once more targets than this have not succeeded, no further one is started. A percentage is one of the targets that are done.</summary>
    public Share? MaxFailure { get; init; }

    /// <summary>So many targets must have said that they are ready before any is started.</summary>
    public Share? Quorum { get; init; }

    /// <summary>Whether the order waits for targets that are offline, for as long as it is valid.</summary>
    public bool Queue { get; init; }

    /// <summary>Whether targets bring their output as it comes. It shows nothing that their results do not.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Live { get; init; }

    /// <summary>Whether all targets may begin as soon as the order is given.</summary>
    public bool BeginsAtOnce() => BatchSize is null && Canary is null && Quorum is null && !Queue;

    /// <summary>What is wrong with the plan; null where nothing is.</summary>
    public string? Fault() =>
        BatchSize is { Value: < 1 } ? "a batch has one target at least"
        : Canary is { Value: < 1 } ? "one target at least goes first"
        : Quorum is { Value: < 1 } ? "a quorum is one target at least"
        : MaxFailure is { Value: < 0 } ? "less than none cannot fail"
        : Quorum is not null && Queue ? "an order that waits for clients which are offline cannot ask all whether they are ready"
        : null;
}
