using Pantry.Protocol;
using Pantry.Security;

namespace Pantry.Operators;

/// <summary>Changes who may give orders: the server does where the root key is there, else the console that has it, and the server never sees it.</summary>
internal static class OfflineRoot
{
    /// <param name="fleet">The server.</param>
    /// <param name="root">The root key, where it is here; null where the server has it.</param>
    /// <param name="request">Whom to add.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="PantryException">The operator cannot be added, or the root key is not the one to do it with.</exception>
    public static Task<OperatorList> AddAsync(IFleet fleet, SigningKey? root, AddOperator request, DateTimeOffset now, CancellationToken cancellation) => root is null
        ? fleet.AddOperatorAsync(request, cancellation)
        : ChangeAsync(fleet, root, bundle => NewOperator.AddTo(bundle, request, now), cancellation);

    /// <param name="fleet">The server.</param>
    /// <param name="root">The root key, where it is here; null where the server has it.</param>
    /// <param name="name">Whose rights are taken away.</param>
    /// <param name="now">The time.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="PantryException">There is no such operator, or the root key is not the one to do it with.</exception>
    public static Task<OperatorList> RevokeAsync(IFleet fleet, SigningKey? root, string name, DateTimeOffset now, CancellationToken cancellation) => root is null
        ? fleet.RevokeOperatorAsync(name, cancellation)
        : ChangeAsync(fleet, root, bundle => NewOperator.RemoveFrom(bundle, name, now), cancellation);

    private static async Task<OperatorList> ChangeAsync(IFleet fleet, SigningKey root, Func<TrustBundle, TrustBundle> change, CancellationToken cancellation)
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
