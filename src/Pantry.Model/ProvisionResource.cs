namespace Pantry;

/// <summary>One thing that a provisioning tool looks after, and what came of it.</summary>
/// <param name="Type">Its kind in the tool's words, such as <c>File</c> or <c>copy</c>.</param>
/// <param name="Name">Its name.</param>
/// <param name="Status">What came of it.</param>
/// <param name="Message">What the tool says of it; null where it says nothing.</param>
/// <param name="Duration">How long it took, where the tool says so.</param>
public sealed record ProvisionResource(string Type, string Name, ResourceStatus Status, string? Message = null, TimeSpan? Duration = null)
{
    /// <summary>Type, name and status.</summary>
    public override string ToString() => $"{Type}[{Name}]: {Status}";
}

/// <summary>What came of a resource.</summary>
public enum ResourceStatus
{
    /// <summary>It was as it should be.</summary>
    Unchanged,

    /// <summary>The tool changed it.</summary>
    Changed,

    /// <summary>In a dry run: the tool would change it.</summary>
    WouldChange,

    /// <summary>The tool could not bring it where it should be.</summary>
    Failed,

    /// <summary>The tool left it out: a condition, or something it needs failed.</summary>
    Skipped,
}
