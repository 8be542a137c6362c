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
        NamePattern? actor = NamePattern.Of(Actor), action = NamePattern.Of(Action), target = NamePattern.Of(Target), outcome = NamePattern.Of(Outcome);
        return record => NamePattern.Fits(actor, record.Actor) && NamePattern.Fits(action, record.Action) && NamePattern.Fits(target, record.Target) && NamePattern.Fits(outcome, record.Outcome);
    }
}
