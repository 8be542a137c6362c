namespace Pantry.Configuration;

/// <summary>Limits of packages and applications on a server.</summary>
internal sealed record ProvisioningLimits
{
    /// <summary>Versions of packages; more are refused.</summary>
    public int MaxPackages { get; init; } = 100_000;

    /// <summary>Applications, those that were removed included; more are refused.</summary>
    public int MaxApplications { get; init; } = 10_000;

    /// <summary>Chunks that one answer lists as missing; whoever publishes brings them and asks again.</summary>
    public int MissingChunks { get; init; } = 20_000;

    /// <summary>Bytes of content that one message brings or fetches.</summary>
    public int MessageContent { get; init; } = 1024 * 1024;

    /// <summary>Such messages on their way at the same time, of one console.</summary>
    public int MessagesAtOnce { get; init; } = 3;

    /// <summary>A check of the store says how far it is after so many bytes.</summary>
    public long VerifyStep { get; init; } = 64 * 1024 * 1024;

    /// <summary>Problems that a check names; it counts no further.</summary>
    public int NamedProblems { get; init; } = 1000;

    /// <summary>How often the server looks for content that nothing uses.</summary>
    public TimeSpan CollectInterval { get; init; } = TimeSpan.FromHours(6);
}
