using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;

namespace Pantry.Operators;

/// <summary>
/// Secrets are sealed to each target's key, so the target has to be a list of clients whose keys are known: streams and
/// labels are expanded before the order is signed, and a client that joins later is not among them.
/// </summary>
internal static class SecretTargets
{
    /// <exception cref="PantryException">No client belongs to the target.</exception>
    public static async Task<(JobRequest Listed, Func<string, PublicKey> KeyOf)> ExpandAsync(IFleet fleet, JobRequest request, CancellationToken cancellation)
    {
        var keys = new Dictionary<string, PublicKey>(Names.Comparer);
        var filter = new ClientFilter { Identities = request.Target is { Everyone: false, Streams.Count: 0, Labels: null } ? request.Target.Identities : [] };
        await foreach (ClientInfo client in fleet.FindClientsAsync(filter, cancellation).ConfigureAwait(false))
        {
            if (client.Status is ClientStatus.Online or ClientStatus.Offline && PublicKey.TryParse(client.PublicKey) is { } key
                && TargetMatcher.Matches(request.Target, ClientLabels.Create(client.Identity, client.Application, client.Environment, client.Roles)))
            {
                keys[client.Identity] = key;
            }
        }

        // A name that nobody has gets its row too; what is sealed for it nobody can open.
        using CurveKeyPair nobody = CurveKeyPair.Generate();
        PublicKey throwaway = nobody.PublicKey;
        string[] targets = [.. request.Target.Identities.Union(keys.Keys, Names.Comparer)];
        return targets.Length > 0
            ? (request with { Target = Target.Clients(targets) }, identity => keys.GetValueOrDefault(identity, throwaway))
            : throw new PantryException(PantryErrorCode.NoMatchingClient, $"No client that the server knows belongs to {request.Target}; nothing was sent.");
    }
}
