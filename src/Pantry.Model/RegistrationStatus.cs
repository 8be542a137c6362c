namespace Pantry;

/// <summary>Whether the server lets a client in.</summary>
public enum RegistrationStatus
{
    /// <summary>The client takes orders.</summary>
    Approved,

    /// <summary>The client waits for an operator's approval.</summary>
    Pending,
}
