namespace Pantry.Storage;

/// <summary>Something that is to be remembered for good: who did what, to whom, and what came of it.</summary>
/// <param name="Actor">Who did it.</param>
/// <param name="Action">What was done.</param>
/// <param name="Outcome">What came of it.</param>
internal sealed record AuditEvent(string Actor, string Action, string Outcome)
{
    /// <summary>Fingerprint of the key it was done with.</summary>
    public string? Key { get; init; }

    /// <summary>The address it came from.</summary>
    public string? From { get; init; }

    /// <summary>What it was done to.</summary>
    public string? Target { get; init; }

    /// <summary>The job it belongs to.</summary>
    public string? Job { get; init; }

    /// <summary>More about it: the text of a JSON object. Secrets have no place here.</summary>
    public string Detail { get; init; } = "{}";
}

/// <summary>An entry as it stands in the log.</summary>
/// <param name="Sequence">Its place, from 1 without a gap.</param>
/// <param name="At">When it came to the log.</param>
/// <param name="Actor">Who did it.</param>
/// <param name="Key">Fingerprint of the key it was done with.</param>
/// <param name="From">The address it came from.</param>
/// <param name="Action">What was done.</param>
/// <param name="Target">What it was done to.</param>
/// <param name="Job">The job it belongs to.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Detail">The text of a JSON object.</param>
internal sealed record AuditRecord(
    long Sequence, DateTimeOffset At, string Actor, string? Key, string? From, string Action, string? Target, string? Job, string Outcome, string Detail);
