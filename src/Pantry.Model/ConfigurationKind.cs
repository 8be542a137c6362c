namespace Pantry;

/// <summary>Whom a configuration file is for. One file can serve a machine that is both server and client.</summary>
public enum ConfigurationKind
{
    /// <summary>A server.</summary>
    Server,

    /// <summary>A client.</summary>
    Client,

    /// <summary>An operator's own defaults.</summary>
    Operator,
}
