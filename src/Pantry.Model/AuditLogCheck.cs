namespace Pantry;

/// <summary>What a check of the audit log found.</summary>
public sealed record AuditLogCheck
{
    /// <summary>Whether every record is there, unchanged and in its place.</summary>
    public bool IsIntact { get; init; }

    /// <summary>Records that were looked at.</summary>
    public long Records { get; init; }

    /// <summary>The first place where something is wrong.</summary>
    public long? BrokenAt { get; init; }

    /// <summary>What is wrong there.</summary>
    public string? Problem { get; init; }

    /// <summary>The newest signed checkpoint: kept elsewhere, it shows later that nothing before it was taken away.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>Whether the log is intact.</summary>
    public override string ToString() => IsIntact ? $"intact ({Records:N0} records)" : $"broken at {BrokenAt}: {Problem}";
}
