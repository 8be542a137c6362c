using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>What was decided about a client's key.</summary>
internal enum KeyStatus
{
    /// <summary>It may speak for the identity and labels it was approved with.</summary>
    Approved,

    /// <summary>An operator has yet to decide.</summary>
    Pending,

    /// <summary>An operator said no.</summary>
    Denied,

    /// <summary>It was approved once, and is no more.</summary>
    Revoked,
}

/// <summary>A client's key and all that is known of it.</summary>
/// <param name="Key">The key.</param>
/// <param name="Status">What was decided.</param>
/// <param name="Labels">What it is approved for, or what it claims where nothing was decided yet.</param>
/// <param name="FirstSeen">When it came first.</param>
/// <param name="DecidedAt">When the status was last decided; null while nobody did.</param>
/// <param name="DecidedBy">Who decided: an operator, or the enrolment's or token's maker.</param>
/// <param name="From">The address it came from.</param>
/// <param name="Enrollment">Id of the enrolment or token it came by.</param>
/// <param name="Claimed">What it claims instead of <paramref name="Labels"/>, when that made it pending again.</param>
/// <param name="LastSeen">When it was last there.</param>
internal sealed record ClientKey(
    PublicKey Key,
    KeyStatus Status,
    ClientLabels Labels,
    DateTimeOffset FirstSeen,
    DateTimeOffset? DecidedAt = null,
    string? DecidedBy = null,
    string? From = null,
    string? Enrollment = null,
    ClientLabels? Claimed = null,
    DateTimeOffset? LastSeen = null)
{
    /// <summary>
    /// Whether the identity is this key's: it is approved, or was and now claims other labels. Until an operator decides,
    /// no other key gets the name.
    /// </summary>
    public bool HoldsIdentity => Status == KeyStatus.Approved || (Status == KeyStatus.Pending && DecidedAt is not null);

    /// <summary>Whether nobody has ever decided about it.</summary>
    public bool IsUndecided => Status == KeyStatus.Pending && DecidedAt is null;
}
