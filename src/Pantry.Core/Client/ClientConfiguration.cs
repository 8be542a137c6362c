using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>What a client is started with.</summary>
internal sealed record ClientConfiguration
{
    public required ServerAddress Server { get; init; }

    public required ClientLabels Labels { get; init; }

    /// <summary>Id of the enrolment used, where there was one.</summary>
    public string? Enrollment { get; init; }

    /// <summary>Names of the commands the client may run; null for all it offers.</summary>
    public IReadOnlyList<string>? AllowedCommands { get; init; }

    /// <summary>Facts that the client's administrator adds.</summary>
    public IReadOnlyDictionary<string, string> CustomFacts { get; init; } = new Dictionary<string, string>();

    /// <summary>Version of the PowerShell that hosts the client.</summary>
    public string? PowerShellVersion { get; init; }
}
