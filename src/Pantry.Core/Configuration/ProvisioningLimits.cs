namespace Pantry.Configuration;

/// <summary>Limits of packages and applications on a server.</summary>
internal sealed record ProvisioningLimits
{
    /// <summary>Versions of packages; more are refused.</summary>
    public int MaxPackages { get; init; } = 100_000;

    /// <summary>Applications, those that were removed included; more are refused.</summary>
    public int MaxApplications { get; init; } = 10_000;

    /// <summary>A check of the store says how far it is after so many bytes.</summary>
    public long VerifyStep { get; init; } = 64 * 1024 * 1024;

    /// <summary>Problems that a check names; it counts no further.</summary>
    public int NamedProblems { get; init; } = 1000;
}
