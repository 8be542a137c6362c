using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Storage;

/// <summary>How enrolments and tokens end that nobody used, and how the store forgets what is long over.</summary>
internal sealed partial class TrustStore
{
    /// <summary>Takes an open enrolment or token back.</summary>
    /// <exception cref="PantryException">There is none of that id (NoMatchingEnrollment), or it is not open (InvalidEnrollment).</exception>
    public Grant Withdraw(string id, Withdrawal withdrawal)
    {
        lock (_changing)
            return MarkWithdrawn([FindOpen(id, withdrawal.At)], withdrawal)[0];
    }

    /// <summary>An enrolment or token that can be taken back.</summary>
    /// <exception cref="PantryException">There is none of that id (NoMatchingEnrollment), or it is not open (InvalidEnrollment).</exception>
    public Grant FindOpen(string id, DateTimeOffset now)
    {
        Grant grant = Grants().FirstOrDefault(grant => Names.Same(grant.Id, id)) ?? throw new PantryException(PantryErrorCode.NoMatchingEnrollment,
            $"There is no enrolment or token '{DisplayText.Clean(id, 80)}'. Get-PantryEnrollment lists those that are open.")
        { Target = id };
        if (grant.UsedBy is { } client)
        {
            throw Invalid(
                $"{grant.Name} was used at {grant.UsedAt:u}, and cannot be withdrawn any more. Revoke-PantryClient -Fingerprint {client.Fingerprint} takes the trust in the key back that it let in.", grant.Id);
        }

        RefuseOver(grant, now, "There is nothing to withdraw.");
        return grant;
    }

    /// <summary>Takes all open ones back that are meant.</summary>
    public IReadOnlyList<Grant> Withdraw(Func<Grant, bool> isMeant, Withdrawal withdrawal)
    {
        lock (_changing)
            return MarkWithdrawn([.. Grants().Where(grant => grant.StatusAt(withdrawal.At) == EnrollmentStatus.Open && isMeant(grant))], withdrawal);
    }

    /// <summary>Forgets enrolments and tokens that are long over, and keys that nobody has decided about and that do not come any more.</summary>
    /// <param name="overBefore">Those that were over before that.</param>
    /// <param name="seenBefore">Keys that were seen last before that.</param>
    public (int Enrollments, int Tokens, int Keys) Forget(DateTimeOffset overBefore, DateTimeOffset seenBefore)
    {
        lock (_changing)
        {
            Grant[] over = [.. Grants().Where(grant => grant.OverSince < overBefore)];
            PublicKey[] gone = [.. NotApproved().Where(client => client.IsUndecided && (client.LastSeen ?? client.FirstSeen) < seenBefore).Select(client => client.Key)];
            if (over.Length + gone.Length == 0)
                return default;
            Write(connection =>
            {
                foreach (Grant grant in over)
                    GrantRows.Remove(connection, grant);
                foreach (PublicKey key in gone)
                    TrustRows.Remove(connection, key);
            });
            Look(() =>
            {
                foreach (Grant grant in over)
                    _ = grant is EnrollmentGrant enrollment ? _enrollments.Remove(enrollment.Key) : _tokens.Remove(grant.Id);
                foreach (PublicKey key in gone)
                {
                    _index.Remove(key);
                    _seen.Remove(key);
                }

                return true;
            });
            return (over.Count(grant => grant is EnrollmentGrant), over.Count(grant => grant is TokenGrant), gone.Length);
        }
    }

    private List<Grant> MarkWithdrawn(IReadOnlyList<Grant> open, Withdrawal withdrawal)
    {
        if (open.Count > 0)
        {
            Write(connection =>
            {
                foreach (Grant grant in open)
                    GrantRows.MarkWithdrawn(connection, grant, withdrawal);
            });
        }

        return Look(() => open.Select(Set).ToList());

        Grant Set(Grant grant) => grant is EnrollmentGrant enrollment
            ? _enrollments[enrollment.Key] = enrollment with { Withdrawn = withdrawal }
            : _tokens[grant.Id] = (TokenGrant)grant with { Withdrawn = withdrawal };
    }

    private static void RefuseOver(Grant grant, DateTimeOffset now, string? cure = null)
    {
        if (grant.Withdrawn is { } withdrawn)
            throw Invalid($"{grant.Name} was withdrawn at {withdrawn.At:u} by '{withdrawn.By}'{(withdrawn.Why is null ? "" : $": {withdrawn.Why}")}. {cure ?? grant.Cure}", grant.Id);
        if (now > grant.ExpiresAt)
            throw Invalid($"{grant.Name} was good until {grant.ExpiresAt:u}. {cure ?? grant.Cure}", grant.Id);
    }
}
