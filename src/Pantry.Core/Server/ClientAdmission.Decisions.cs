using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;

namespace Pantry.Server;

/// <summary>What operators decide about keys, and which of the keys of a name they mean.</summary>
internal sealed partial class ClientAdmission
{
    /// <summary>Carries out an operator's decision in what is stored; the caller sees to sessions and jobs.</summary>
    public ClientKey Decide(DecideClient request, OperatorEntry by)
    {
        ClientKey key, decided;
        lock (_growing)
            lock (Deciding)
            {
                key = Find(request);
                RequireAsShown(request, key);
                if (request.Decision == ClientDecision.Approve)
                    registry.RequireRoom((key.Claimed ?? key.Labels).Identity);
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

    private ClientKey Remove(ClientKey key)
    {
        // Noted first: it may register in the very moment in which it is taken off the list.
        if (registry.Find(key.Labels.Identity) is { Instance.Length: > 0 } record && record.Key.Equals(key.Key))
            _removed.Add(key.Key, record.Instance);
        trust.Remove(key.Key);
        return key;
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
}
