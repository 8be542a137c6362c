using Pantry.Protocol;
using Pantry.Security;

namespace Pantry.Operators;

/// <summary>Changes who may give orders at the console that has the root key, which the server then never sees.</summary>
internal static class OfflineRoot
{
    /// <exception cref="PantryException">The key is not the fleet's root key, or the server's bundle was not signed by it.</exception>
    public static async Task<OperatorList> ChangeAsync(IFleet fleet, SigningKey root, Func<TrustBundle, TrustBundle> change, CancellationToken cancellation)
    {
        (_, byte[] bundle) = await fleet.ListOperatorsAsync(cancellation).ConfigureAwait(false);
        SignedBundle signed = SignedBundle.FromBytes(bundle);

        // Only what this key signed is built upon: else a server could slip operators of its own in.
        TrustBundle current = signed.Verify(root.PublicKey, fleet.Place.Network, out VerifyKey signer);
        if (!signer.Equals(root.PublicKey))
        {
            throw new PantryException(PantryErrorCode.ServerKeyMismatch,
                $"The root key {root.PublicKey.Fingerprint} was renewed; the fleet's root key is {signer.Fingerprint} now. Use that key's file.");
        }

        SignedBundle next = SignedBundle.Sign(change(current), root, signed.Handovers);
        return await fleet.PutBundleAsync(next.ToBytes(), cancellation).ConfigureAwait(false);
    }
}
