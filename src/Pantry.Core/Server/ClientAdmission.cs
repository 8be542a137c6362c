using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Transport.Gates;

namespace Pantry.Server;

/// <summary>
/// Which keys are clients: enrolments and tokens let keys in, operators decide about the others. What is approved is a key
/// with its identity and labels. Every decision is audited and stored before it takes effect.
/// </summary>
internal sealed partial class ClientAdmission(
    TrustStore trust, ClientRegistry registry, EnrollmentDesk enrollments, ServerAudit audit, PantryOptions options, TimeProvider time)
{
    private const double ClaimsBurst = 500;

    // Held while one more client may come to be, from the look for room to its place; before Deciding, which others wait for.
    private readonly Lock _growing = new();
    private readonly Lock _allowing = new();
    private readonly RemovedRuns _removed = new();
    private TokenBucket _allowance = new(options.PendingClaimsASecond, ClaimsBurst, Milliseconds(time));

    /// <summary>
    /// Held while a decision is made and while a client is let in by one: of two at once, one would let a client in under a
    /// name that is another's, or take a client off the list that was just approved.
    /// </summary>
    public Lock Deciding { get; } = new();

    /// <summary>What is known of a key at this moment.</summary>
    public ClientKey? Now(PublicKey key) => trust.Find(key);

    /// <summary>Whether it is a run of a client that was taken off the list; its key, where it is approved anew, may come.</summary>
    public bool WasRemoved(PublicKey key, string instance) => trust.Find(key) is null && _removed.Has(key, instance);

    /// <summary>Lets a client's own key in by the key of an enrolment.</summary>
    public ClientKey Redeem(PublicKey enrollmentKey, Redeem request, string? from)
    {
        PublicKey own = PublicKey.Parse(request.Key, "client's key");
        string identity = Names.RequireIdentity(request.Identity);
        try
        {
            bool used = false;
            ClientKey approved;
            lock (_growing)
            {
                approved = MakeKnown(trust.Redeem(enrollmentKey, own, identity, time.GetUtcNow(), from, grant =>
                {
                    RequireGood(grant, identity);
                    used = true;
                }));
            }

            if (used)
                audit.Note(approved.Labels.Identity, own, from, "EnrollmentUsed", approved.Labels.Identity, "Approved", detail: AuditedLabels.Of(approved.Labels, approved.Enrollment));
            return approved;
        }
        catch (PantryException refused)
        {
            audit.Refused(refused.Code.ToString(), enrollmentKey, from);
            throw;
        }
    }

    /// <summary>Whether the key is approved for these labels, so that nothing has to be written.</summary>
    public bool IsApprovedFor(PublicKey key, ClientLabels claimed) => trust.Find(key) is { Status: KeyStatus.Approved } known && claimed.IsWithin(known.Labels);

    /// <summary>
    /// What the server makes of a registration: an approved key within what was approved, one that waits, or one that a
    /// token lets in now.
    /// </summary>
    public ClientKey Judge(PublicKey key, ClientLabels claimed, string? token, string? from)
    {
        RequireOwn(key, from);
        ClientKey? known = trust.Find(key);
        if (known is { Status: KeyStatus.Denied or KeyStatus.Revoked })
            throw Refusal(known);
        if (known is { DecidedAt: not null } && !Names.Same(known.Labels.Identity, claimed.Identity))
        {
            throw new PantryException(PantryErrorCode.InvalidName,
                $"The key {key.Fingerprint} belongs to the client '{known.Labels.Identity}', and a key keeps its name. Give the client that -Identity, or a directory of its own with -Path and an enrolment under the new name.");
        }

        // The answer to a token can be lost: who asks again leaves unsaid what it left unsaid before.
        if (known is { Status: KeyStatus.Approved })
            return claimed.IsWithin(known.Labels) || IsFilledByToken(known, claimed, token) ? known : AddPending(key, claimed, from, "ClientClaimsMore");
        // One that was approved by this very token has got all from it that there is; what it claims now an operator decides about.
        if (token is not null && !(known is not null && trust.FindToken(token)?.UsedBy?.Equals(key) == true))
            return RedeemToken(key, claimed, token, from);
        if (known is null || !Same(known.Claimed ?? known.Labels, claimed))
            known = AddPending(key, claimed, from, "ClientPending");
        // For as long as it comes it is not forgotten.
        trust.NoteSeen(key, time.GetUtcNow());
        return known;
    }

    /// <summary>Whether the key was let in by this very token, which filled in what the client leaves unsaid.</summary>
    public bool IsFilledByToken(ClientKey key, ClientLabels claimed, string? token) =>
        token is not null && key.Labels.Completes(claimed) && trust.FindToken(token)?.UsedBy?.Equals(key.Key) == true;

    /// <summary>Why a key that was denied or revoked is not let in.</summary>
    public static PantryException Refusal(ClientKey key) => key.Status == KeyStatus.Denied
        ? new PantryException(PantryErrorCode.KeyDenied, $"The key {key.Key.Fingerprint} was denied. An operator can approve it with Approve-PantryClient.")
        : new PantryException(PantryErrorCode.KeyRevoked, $"The key {key.Key.Fingerprint} was revoked. Remove-PantryClient forgets it, so that the host can begin anew.");

    public void NoteSeen(ClientRecord client) => trust.NoteSeen(client.Key, client.LastSeen ?? time.GetUtcNow());

    /// <summary>A client gives its place up, or does not wait for one any more; a key that was turned away meanwhile stays so.</summary>
    /// <exception cref="PantryException">It could not be stored; then the client has its place still.</exception>
    public void Leave(PublicKey key, string? from)
    {
        ClientKey? known;
        lock (Deciding)
        {
            known = trust.Find(key);
            if (known is not { Status: KeyStatus.Approved or KeyStatus.Pending })
                return;
            trust.Remove(key);
            if (registry.Find(known.Labels.Identity) is { } record && record.Key.Equals(key))
                registry.Remove(record);
        }

        audit.Note(known.Labels.Identity, key, from, "ClientLeft", known.Labels.Identity, "Done");
    }

    public static ClientInfo ToInfo(ClientKey key) => new()
    {
        Identity = key.Labels.Identity,
        Application = (key.Claimed ?? key.Labels).Application,
        Environment = (key.Claimed ?? key.Labels).Environment,
        Roles = (key.Claimed ?? key.Labels).Roles,
        Status = key.Status switch
        {
            KeyStatus.Pending => ClientStatus.Pending,
            KeyStatus.Denied => ClientStatus.Denied,
            KeyStatus.Revoked => ClientStatus.Revoked,
            _ => ClientStatus.Offline,
        },
        LastSeen = key.LastSeen,
        Fingerprint = key.Key.Fingerprint,
        PublicKey = key.Key.ToString(),
        Streams = (key.Claimed ?? key.Labels).ShownStreams(),
    };

    // An enrolment's file is copied and carried about: what came with it must not be approved for its name.
    private void RequireOwn(PublicKey key, string? from)
    {
        try
        {
            trust.RequireOwn(key);
        }
        catch (PantryException refused)
        {
            audit.Refused(refused.Code.ToString(), key, from);
            throw;
        }
    }

    private ClientKey RedeemToken(PublicKey key, ClientLabels claimed, string token, string? from)
    {
        try
        {
            ClientKey approved;
            lock (_growing)
                approved = MakeKnown(trust.RedeemToken(token, key, claimed, time.GetUtcNow(), from, grant => RequireGood(grant, claimed.Identity)));
            audit.Note(approved.Labels.Identity, key, from, "TokenUsed", approved.Labels.Identity, "Approved", detail: AuditedLabels.Of(approved.Labels, approved.Enrollment));
            return approved;
        }
        catch (PantryException refused)
        {
            audit.Refused(refused.Code.ToString(), key, from);
            throw;
        }
    }

    // Asked by the store in the middle of its change: nothing is decided about who made it, or who has the last place, in between.
    private void RequireGood(Grant grant, string identity)
    {
        enrollments.RequireStanding(grant);
        registry.RequireRoom(identity);
    }

    private ClientKey AddPending(PublicKey key, ClientLabels claimed, string? from, string action)
    {
        lock (_allowing)
        {
            if (!_allowance.TryTake(Milliseconds(time)))
                throw new PantryException(PantryErrorCode.LimitReached, "Too many keys that are not approved come at once. The client tries again by itself.");
        }

        DateTimeOffset now = time.GetUtcNow();
        bool waits = trust.Find(key)?.Status == KeyStatus.Pending;
        trust.AddPending(new ClientKey(key, KeyStatus.Pending, claimed, now, From: from, Claimed: claimed, LastSeen: now), options.MaxPendingKeys);
        // Whoever claims something else every time must not fill the log.
        if (waits)
            audit.Refused(action, key, from);
        else
            audit.Note(claimed.Identity, key, from, action, claimed.Identity, "Pending", detail: AuditedLabels.Of(claimed, null));
        return trust.Find(key)!;
    }

    private ClientKey MakeKnown(ClientKey approved)
    {
        lock (Deciding)
        {
            // What a key got once, or a moment ago, says nothing about what it is now.
            if (trust.Find(approved.Key) is not { Status: KeyStatus.Approved } now)
            {
                throw new PantryException(PantryErrorCode.InvalidEnrollment,
                    $"The key {approved.Key.Fingerprint} was let in before and is {trust.Find(approved.Key)?.Status.ToString() ?? "removed"} now. An operator can decide about it anew.");
            }

            if (registry.Find(now.Labels.Identity)?.Key.Equals(now.Key) != true)
                registry.Add(now.Key, now.Labels, now.LastSeen);
            return now;
        }
    }

    private static bool Same(ClientLabels left, ClientLabels right) => left.IsWithin(right) && right.IsWithin(left);

    // Not the time of day: a clock that is set back would give nobody a place until it has caught up.
    private static long Milliseconds(TimeProvider time) => (long)time.GetElapsedTime(0).TotalMilliseconds;
}
