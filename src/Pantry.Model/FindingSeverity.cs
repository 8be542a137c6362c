namespace Pantry;

/// <summary>How bad a finding in a configuration is.</summary>
public enum FindingSeverity
{
    /// <summary>It is taken, and perhaps not what was meant.</summary>
    Warning,

    /// <summary>Nothing starts with it.</summary>
    Error,
}
