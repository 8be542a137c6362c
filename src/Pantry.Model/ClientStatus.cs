namespace Pantry;

/// <summary>What the server knows of a client's presence and of its key.</summary>
public enum ClientStatus
{
    /// <summary>The client answers.</summary>
    Online,

    /// <summary>The client is known but does not answer; see <see cref="ClientInfo.LastSeen"/>.</summary>
    Offline,

    /// <summary>The client waits for an operator's approval.</summary>
    Pending,

    /// <summary>An operator denied the client.</summary>
    Denied,

    /// <summary>The client's key was revoked.</summary>
    Revoked,
}
