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
internal sealed class ClientAdmission(
    TrustStore trust, ClientRegistry registry, EnrollmentDesk enrollments, ServerAudit audit, PantryOptions options, TimeProvider time)
{
    private const double ClaimsBurst = 500;

    private readonly Lock _allowing = new();
    private TokenBucket _allowance = new(options.PendingClaimsASecond, ClaimsBurst, time.GetUtcNow().ToUnixTimeMilliseconds());

    /// <summary>
    /// Held while a decision is made and while a client is let in by one: of two at once, one would let a client in under a
    /// name that is another's, or take a client off the list that was just approved.
    /// </summary>
    public Lock Deciding { get; } = new();

    /// <summary>What is known of a key at this moment.</summary>
    public ClientKey? Now(PublicKey key) => trust.Find(key);

    /// <summary>Lets a client's own key in by the key of an enrolment.</summary>
    public ClientKey Redeem(PublicKey enrollmentKey, Redeem request, string? from)
    {
        PublicKey own = PublicKey.Parse(request.Key, "client's key");
        string identity = Names.RequireIdentity(request.Identity);
        try
        {
            EnrollmentGrant? grant = trust.FindEnrollment(enrollmentKey);
            bool again = grant?.UsedAt is not null;
            enrollments.RequireStanding(grant);
            ClientKey approved = MakeKnown(trust.Redeem(enrollmentKey, own, identity, time.GetUtcNow(), from));
            if (!again)
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
        if (token is not null)
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

    /// <summary>Carries out an operator's decision in what is stored; the caller sees to sessions and jobs.</summary>
    public ClientKey Decide(DecideClient request, OperatorEntry by)
    {
        ClientKey key, decided;
        lock (Deciding)
        {
            key = Find(request);
            RequireAsShown(request, key);
            DateTimeOffset now = time.GetUtcNow();
            decided = request.Decision switch
            {
                ClientDecision.Approve => trust.Decide(key.Key, KeyStatus.Approved, key.Claimed ?? key.Labels, by.Name, now),
                ClientDecision.Deny => trust.Decide(key.Key, KeyStatus.Denied, null, by.Name, now),
                ClientDecision.Revoke => trust.Decide(key.Key, KeyStatus.Revoked, null, by.Name, now),
                _ => Remove(key),
            };
            if (request.Decision == ClientDecision.Approve)
                MakeKnown(decided);
        }

        return decided;
    }

    /// <summary>The key that a decision would be about, as it is now.</summary>
    /// <exception cref="PantryException">There is none, or what the operator saw is not so any more.</exception>
    public ClientKey Meant(DecideClient request)
    {
        lock (Deciding)
        {
            ClientKey key = Find(request);
            RequireAsShown(request, key);
            return key;
        }
    }

    public void NoteSeen(ClientRecord client) => trust.NoteSeen(client.Key, time.GetUtcNow());

    /// <summary>A client gives its place up; a key that was turned away meanwhile stays so.</summary>
    public void Leave(ClientRecord client, string? from)
    {
        lock (Deciding)
        {
            if (trust.Find(client.Key) is not { Status: KeyStatus.Approved or KeyStatus.Pending })
                return;
            trust.Remove(client.Key);
        }

        audit.Note(client.Identity, client.Key, from, "ClientLeft", client.Identity, "Done");
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
            enrollments.RequireStanding(trust.FindToken(token));
            ClientKey approved = MakeKnown(trust.RedeemToken(token, key, claimed, time.GetUtcNow(), from));
            audit.Note(approved.Labels.Identity, key, from, "TokenUsed", approved.Labels.Identity, "Approved", detail: AuditedLabels.Of(approved.Labels, approved.Enrollment));
            return approved;
        }
        catch (PantryException refused)
        {
            audit.Refused(refused.Code.ToString(), key, from);
            throw;
        }
    }

    private ClientKey AddPending(PublicKey key, ClientLabels claimed, string? from, string action)
    {
        lock (_allowing)
        {
            if (!_allowance.TryTake(time.GetUtcNow().ToUnixTimeMilliseconds()))
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

    private ClientKey Remove(ClientKey key)
    {
        trust.Remove(key.Key);
        return key;
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

    private static void RequireAsShown(DecideClient request, ClientKey key)
    {
        if (request.Decision != ClientDecision.Approve)
            return;
        if (key.Status == KeyStatus.Revoked)
        {
            throw new PantryException(PantryErrorCode.KeyRevoked,
                $"The key {key.Key.Fingerprint} of '{key.Labels.Identity}' was revoked, and a revoked key does not come back. Remove-PantryClient forgets it; then enrol the client anew.")
            { Target = key.Labels.Identity };
        }

        if (request.Shown is { } shown && !Same(shown, key.Claimed ?? key.Labels))
        {
            throw new PantryException(PantryErrorCode.InvalidArgument,
                $"The client '{key.Labels.Identity}' claims something else now than what was shown. Nothing was approved; look at it again with Get-PantryClient.")
            { Target = key.Labels.Identity };
        }
    }

    private ClientKey Find(DecideClient request)
    {
        if (request.Fingerprint is not null)
        {
            string fingerprint = Fingerprint.Normalize(request.Fingerprint)
                ?? throw new PantryException(PantryErrorCode.InvalidKey, $"'{DisplayText.Clean(request.Fingerprint, 80)}' is no fingerprint; it has five groups of four characters, as Get-PantryClient shows it.");
            ClientKey found = trust.FindByFingerprint(fingerprint)
                ?? throw new PantryException(PantryErrorCode.NoMatchingClient, $"The server knows no client key {fingerprint}. Get-PantryClient lists those it knows.") { Target = fingerprint };
            return request.Identity is null || Names.Same(request.Identity, found.Labels.Identity)
                ? found
                : throw new PantryException(PantryErrorCode.InvalidArgument,
                    $"The key {fingerprint} is that of '{found.Labels.Identity}', not of '{DisplayText.Clean(request.Identity, 80)}'. Nothing was changed; say which of them is meant.")
                { Target = fingerprint };
        }

        IReadOnlyList<ClientKey> named = trust.Find(Names.RequireIdentity(request.Identity));
        // The decision itself says which of several keys of a name can be meant.
        ClientKey[] meant = [.. named.Where(key => request.Decision switch
        {
            ClientDecision.Approve => key.Status is not (KeyStatus.Approved or KeyStatus.Revoked),
            ClientDecision.Deny => key.Status == KeyStatus.Pending,
            ClientDecision.Revoke => key.Status is KeyStatus.Approved || (key.Status == KeyStatus.Pending && key.DecidedAt is not null),
            _ => true,
        })];
        return meant.Length switch
        {
            1 => meant[0],
            0 when named.Count == 1 && request.Decision != ClientDecision.Approve => named[0],
            0 when named.Count > 0 => throw new PantryException(PantryErrorCode.InvalidArgument,
                $"No key of '{request.Identity}' waits for that: {string.Join(", ", named.Select(key => $"{key.Key.Fingerprint} is {key.Status}"))}.")
            { Target = request.Identity },
            0 => throw new PantryException(PantryErrorCode.NoMatchingClient,
                $"The server knows no client '{DisplayText.Clean(request.Identity, 80)}'. Get-PantryClient lists those it knows.")
            { Target = request.Identity },
            _ => throw new PantryException(PantryErrorCode.InvalidArgument,
                $"More than one key claims the identity '{request.Identity}': {string.Join(", ", meant.Select(key => $"{key.Key.Fingerprint} ({key.Status}, from {key.From ?? "unknown"})"))}. Say which one with -Fingerprint.")
            { Target = request.Identity },
        };
    }

    private static bool Same(ClientLabels left, ClientLabels right) => left.IsWithin(right) && right.IsWithin(left);
}
