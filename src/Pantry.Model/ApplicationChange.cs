namespace Pantry;

/// <summary>What a revision of an application did.</summary>
public enum ApplicationChange
{
    /// <summary>It made the application.</summary>
    Created,

    /// <summary>It changed the document.</summary>
    Changed,

    /// <summary>It brought an earlier document back.</summary>
    Restored,

    /// <summary>It took the application away; its history stays.</summary>
    Removed,
}
