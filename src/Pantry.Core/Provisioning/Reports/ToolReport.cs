namespace Pantry.Provisioning.Reports;

/// <summary>What a tool's own report says, bounded and without secrets.</summary>
internal sealed record ToolReport
{
    public IReadOnlyList<ProvisionResource> Resources { get; init; } = [];

    public int LeftOut { get; init; }

    public int Changed { get; init; }

    public int Failed { get; init; }

    public int Unchanged { get; init; }

    public int Skipped { get; init; }

    public IReadOnlyList<string> Artifacts { get; init; } = [];

    /// <summary>Why the tool failed; null where it did not.</summary>
    public string? Failure { get; init; }

    public ProvisionStatus Status(bool dryRun) =>
        Failure is not null || Failed > 0 ? ProvisionStatus.Failed
        : Changed == 0 ? ProvisionStatus.Unchanged
        : dryRun ? ProvisionStatus.WouldChange : ProvisionStatus.Changed;
}
