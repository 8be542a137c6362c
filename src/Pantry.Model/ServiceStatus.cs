namespace Pantry;

/// <summary>Where a server or a session stands.</summary>
public enum ServiceStatus
{
    /// <summary>It works.</summary>
    Running,

    /// <summary>It lost its link and tries to get it back.</summary>
    Reconnecting,

    /// <summary>It was stopped.</summary>
    Stopped,
}
