namespace Pantry.Configuration.Settings;

/// <summary>An operator's own defaults, so that cmdlets and commands need no parameters.</summary>
internal sealed record OperatorSettings
{
    /// <summary>Address to dial in place of the operator file's.</summary>
    public string? Server { get; init; }

    /// <summary>The operator's file, as New-PantryOperator wrote it.</summary>
    public string? OperatorFile { get; init; }

    /// <summary>HTTP CONNECT or SOCKS5 proxy to dial through.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>Timeouts, with what the file says about them.</summary>
    public PantryOptions Options { get; init; } = new();
}
