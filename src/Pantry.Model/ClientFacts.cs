using System.Text.Json.Serialization;

namespace Pantry;

/// <summary>What a client reports about its machine.</summary>
public sealed record ClientFacts
{
    /// <summary>Host name of the machine.</summary>
    [JsonRequired]
    public string HostName { get; init; } = "";

    /// <summary>Kind of operating system: <c>Linux</c>, <c>Windows</c> or <c>MacOS</c>.</summary>
    [JsonRequired]
    public string OperatingSystem { get; init; } = "";

    /// <summary>The operating system's own description of itself.</summary>
    [JsonRequired]
    public string OperatingSystemDescription { get; init; } = "";

    /// <summary>Version of the operating system's kernel.</summary>
    [JsonRequired]
    public string OperatingSystemVersion { get; init; } = "";

    /// <summary>Processor architecture, such as <c>X64</c>.</summary>
    [JsonRequired]
    public string Architecture { get; init; } = "";

    /// <summary>Processors that the client's process may use.</summary>
    public int ProcessorCount { get; init; }

    /// <summary>Physical memory in bytes, as far as the client's process may use it.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Addresses of the machine's interfaces that are up, loopback left out.</summary>
    [JsonRequired]
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>Time since the machine started, when the facts were taken.</summary>
    public TimeSpan Uptime { get; init; }

    /// <summary>Version of Pantry on the client.</summary>
    [JsonRequired]
    public string PantryVersion { get; init; } = "";

    /// <summary>Version of the PowerShell that hosts the client, or that it found; null where there is none.</summary>
    public string? PowerShellVersion { get; init; }

    /// <summary>User the client runs as.</summary>
    [JsonRequired]
    public string UserName { get; init; } = "";

    /// <summary>Process id of the client.</summary>
    public int ProcessId { get; init; }

    /// <summary>When the facts were taken.</summary>
    public DateTimeOffset CollectedAt { get; init; }

    /// <summary>Facts that the client's administrator added.</summary>
    [JsonRequired]
    public IReadOnlyDictionary<string, string> Custom { get; init; } = new Dictionary<string, string>();
}
