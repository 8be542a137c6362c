namespace Pantry;

/// <summary>Where a command wrote something.</summary>
public enum OutputStream
{
    /// <summary>Standard output of a program.</summary>
    StandardOutput,

    /// <summary>Standard error of a program.</summary>
    StandardError,

    /// <summary>Output of a script.</summary>
    Output,

    /// <summary>An error record of a script.</summary>
    Error,

    /// <summary>A warning of a script.</summary>
    Warning,

    /// <summary>A verbose message of a script.</summary>
    Verbose,

    /// <summary>An information record of a script.</summary>
    Information,

    /// <summary>A debug message of a script.</summary>
    Debug,
}
