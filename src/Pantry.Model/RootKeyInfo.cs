namespace Pantry;

/// <summary>The fleet's root key: whoever has it says who may give orders. Its secret half is never in here.</summary>
public sealed record RootKeyInfo
{
    /// <summary>Short form of the key.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The public key, base64 of its SubjectPublicKeyInfo: what a client takes as -RootPublicKey.</summary>
    public required string PublicKey { get; init; }

    /// <summary>Whether the secret half lies at the server, so that the server can add and revoke operators.</summary>
    public bool IsAtServer { get; init; }

    /// <summary>The file that the secret half was written to or read from; null where there is none.</summary>
    public string? File { get; init; }

    /// <summary>How many open enrolments and tokens a new root key has withdrawn: they named the old one.</summary>
    public int WithdrawnEnrollments { get; init; }

    /// <summary>
    /// How many enrolments and tokens that nobody used yet let nobody in since the key was taken offline: the server's own operator made them, and went with it.
    /// </summary>
    public int OrphanedEnrollments { get; init; }

    /// <summary>The fingerprint.</summary>
    public override string ToString() => Fingerprint;
}
