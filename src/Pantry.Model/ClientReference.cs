namespace Pantry;

/// <summary>A client named by identity or given as an object; what <c>-Client</c> takes.</summary>
public sealed record ClientReference
{
    /// <summary>Refers to a client by name.</summary>
    /// <param name="identity">Identity of the client.</param>
    public ClientReference(string identity) => Identity = identity ?? "";

    /// <summary>Refers to a client that the server listed.</summary>
    /// <param name="client">The client.</param>
    public ClientReference(ClientInfo client) =>
        (Identity, Fingerprint, Shown) = ((client ?? throw new ArgumentNullException(nameof(client))).Identity, client.Fingerprint, client);

    /// <summary>Refers to a client running in this process.</summary>
    /// <param name="registration">The client.</param>
    public ClientReference(ClientRegistration registration) =>
        (Identity, Fingerprint) = ((registration ?? throw new ArgumentNullException(nameof(registration))).Identity, registration.Fingerprint);

    /// <summary>Refers to the client of a result, to send again to those that failed.</summary>
    /// <param name="result">The result.</param>
    public ClientReference(CommandResult result) => Identity = (result ?? throw new ArgumentNullException(nameof(result))).Client;

    /// <summary>Refers to the client of a ping.</summary>
    /// <param name="result">The ping.</param>
    public ClientReference(PingResult result) => Identity = (result ?? throw new ArgumentNullException(nameof(result))).Client;

    /// <summary>Identity of the client.</summary>
    public string Identity { get; }

    /// <summary>Short form of the client's key, where it is known: of two keys with one name it says which.</summary>
    public string? Fingerprint { get; }

    /// <summary>The client as it was listed.</summary>
    internal ClientInfo? Shown { get; }

    /// <summary>The identity.</summary>
    public override string ToString() => Identity;
}
