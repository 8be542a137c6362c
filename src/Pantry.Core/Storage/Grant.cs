using Pantry.Security;

namespace Pantry.Storage;

/// <summary>What lets in one client, once: an enrolment or a token.</summary>
/// <param name="Id">Its name in lists and records.</param>
/// <param name="Application">Application the client gets.</param>
/// <param name="Environment">Environment the client gets.</param>
/// <param name="Roles">Roles the client gets.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">Until when it can be used.</param>
/// <param name="CreatedBy">Who made it, and so who approved.</param>
internal abstract record Grant(
    string Id,
    string? Application,
    string? Environment,
    IReadOnlyList<string> Roles,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    string CreatedBy)
{
    /// <summary>Fingerprint of the maker's signing key: who gets the name of an operator that is gone did not make it. Null where it was not kept.</summary>
    public string? MakerKey { get; init; }

    /// <summary>Fingerprint of the root key that it tells its client to trust. Null where it was not kept.</summary>
    public string? RootKey { get; init; }

    /// <summary>When it was used; null while it was not.</summary>
    public DateTimeOffset? UsedAt { get; init; }

    /// <summary>The client's key it brought in.</summary>
    public PublicKey? UsedBy { get; init; }

    /// <summary>How it was taken back; null where it was not.</summary>
    public Withdrawal? Withdrawn { get; init; }

    /// <summary>How an error begins that is about it.</summary>
    public abstract string Name { get; }

    /// <summary>What to do where it is good no more.</summary>
    public abstract string Cure { get; }

    /// <summary>Since when it is good no more, or until when it is.</summary>
    public DateTimeOffset OverSince => UsedAt ?? Withdrawn?.At ?? ExpiresAt;

    public EnrollmentStatus StatusAt(DateTimeOffset now) =>
        UsedAt is not null ? EnrollmentStatus.Used
        : Withdrawn is not null ? EnrollmentStatus.Withdrawn
        : now > ExpiresAt ? EnrollmentStatus.Expired
        : EnrollmentStatus.Open;
}

/// <summary>That a grant was taken back before it was used.</summary>
/// <param name="At">When.</param>
/// <param name="By">Who did.</param>
/// <param name="Why">Why, where it was not an operator's own decision.</param>
internal sealed record Withdrawal(DateTimeOffset At, string By, string? Why = null);
