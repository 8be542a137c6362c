using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>Which records of the audit log are wanted; what is unset lets all through. Names may have wildcards.</summary>
internal sealed record AuditQuery
{
    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    public string? Actor { get; init; }

    public string? Action { get; init; }

    /// <summary>One job, by its whole id.</summary>
    public string? Job { get; init; }

    public string? Target { get; init; }

    public string? Outcome { get; init; }

    /// <summary>Newest first.</summary>
    public bool Newest { get; init; }

    /// <summary>Only so many, the newest that match.</summary>
    public int? Last { get; init; }

    /// <summary>What patterns say about a record.</summary>
    public Func<AuditRecord, bool> Patterns()
    {
        NamePattern? actor = Pattern(Actor), action = Pattern(Action), target = Pattern(Target), outcome = Pattern(Outcome);
        return record => Fits(actor, record.Actor) && Fits(action, record.Action) && Fits(target, record.Target) && Fits(outcome, record.Outcome);
    }

    private static NamePattern? Pattern(string? text) => text is null ? null : new NamePattern(text);

    private static bool Fits(NamePattern? pattern, string? text) => pattern is null || pattern.Matches(text);
}
