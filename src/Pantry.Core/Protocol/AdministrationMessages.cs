using Pantry.Targeting;

namespace Pantry.Protocol;

/// <summary>Make an enrolment.</summary>
internal sealed record Enrol(string? Identity, string? Application, string? Environment, IReadOnlyList<string> Roles, double ExpiresInSeconds);

/// <summary>The enrolment.</summary>
internal sealed record Enrolled(Enrollment Enrollment);

/// <summary>Make a one-time token for clients whose names match the pattern.</summary>
internal sealed record CreateToken(string Pattern, string? Application, string? Environment, IReadOnlyList<string> Roles, double ExpiresInSeconds);

/// <summary>The token.</summary>
internal sealed record TokenCreated(EnrollmentToken Token);

/// <summary>What an operator decides about a client's key.</summary>
internal enum ClientDecision
{
    Approve,
    Deny,
    Revoke,

    /// <summary>The server forgets the key and everything about the client.</summary>
    Remove,
}

/// <summary>A decision about the key with that fingerprint, whose client must have the name where both are given, or about the client of that name.</summary>
/// <param name="Decision">What is decided.</param>
/// <param name="Identity">Name of the client.</param>
/// <param name="Fingerprint">Fingerprint of its key.</param>
/// <param name="Shown">What the operator saw: an approval is refused if the client claims something else by now.</param>
internal sealed record DecideClient(ClientDecision Decision, string? Identity, string? Fingerprint, ClientLabels? Shown = null);

/// <summary>The client as it is now.</summary>
internal sealed record ClientDecided(ClientInfo Client);

/// <summary>Which operators are there?</summary>
internal sealed record ListOperators;

/// <summary>The operators of the current trust bundle, which is body 0.</summary>
internal sealed record OperatorList(IReadOnlyList<OperatorInfo> Operators, long Serial, bool RootKeyOnline);

/// <summary>Add an operator to the trust bundle; the server signs it with the root key.</summary>
/// <param name="Name">Unique name.</param>
/// <param name="SessionKey">Public key of the operator's sessions, in Z85.</param>
/// <param name="SigningKey">Public key of the operator's signatures, SubjectPublicKeyInfo.</param>
/// <param name="Scopes">As <c>streams:commands</c>.</param>
/// <param name="Administrator">Whether the operator may decide about clients, operators and enrolments.</param>
/// <param name="ExpiresAt">When the operator's time is over; null for never.</param>
internal sealed record AddOperator(
    string Name, string SessionKey, byte[] SigningKey, IReadOnlyList<string> Scopes, bool Administrator, DateTimeOffset? ExpiresAt);

/// <summary>Take an operator out of the trust bundle.</summary>
internal sealed record RevokeOperator(string Name);

/// <summary>Body 0 is a trust bundle that was signed elsewhere, with the root key that is not at the server.</summary>
internal sealed record PutBundle;

/// <summary>Records of the audit log that match; the newest come first.</summary>
internal sealed record ListAudit(AuditFilter Filter);

/// <summary>Records; more pages follow until <paramref name="Last"/>.</summary>
internal sealed record AuditPage(IReadOnlyList<AuditEntry> Entries, bool Last);

/// <summary>Is the audit log whole? With a checkpoint that was kept elsewhere, back to it.</summary>
internal sealed record VerifyAudit(string? Checkpoint);

/// <summary>Whether the audit log is whole.</summary>
internal sealed record AuditVerified(AuditLogCheck Check);

/// <summary>Which records of the audit log; all conditions must hold, texts know wildcards.</summary>
internal sealed record AuditFilter
{
    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    public string? Actor { get; init; }

    public string? Action { get; init; }

    public string? Target { get; init; }

    public string? Job { get; init; }

    public string? Outcome { get; init; }

    /// <summary>At most so many.</summary>
    public int? Newest { get; init; }
}
