using Pantry.Security;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Client;

/// <summary>What a client is started with.</summary>
internal sealed record ClientConfiguration
{
    public required ServerAddress Server { get; init; }

    /// <summary>The key that the server must have; null to go by what the client's directory remembers.</summary>
    public PublicKey? ServerKey { get; init; }

    /// <summary>The fleet's root key, where it is known beforehand; else the server's word at the first registration is taken.</summary>
    public VerifyKey? RootKey { get; init; }

    public required ClientLabels Labels { get; init; }

    /// <summary>Directory of the client's own data.</summary>
    public required string Path { get; init; }

    /// <summary>The enrolment that lets the client's key in, where there is one.</summary>
    public Enrollment? Enrollment { get; init; }

    /// <summary>The one-time token that lets the client's key in, where there is one.</summary>
    public string? Token { get; init; }

    /// <summary>What the client allows on its own account, whoever orders it.</summary>
    public ClientPolicy Policy { get; init; } = new();

    /// <summary>Facts that the client's administrator adds.</summary>
    public IReadOnlyDictionary<string, string> CustomFacts { get; init; } = new Dictionary<string, string>();

    /// <summary>Version of the PowerShell that hosts the client.</summary>
    public string? PowerShellVersion { get; init; }
}
