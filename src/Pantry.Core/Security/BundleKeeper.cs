namespace Pantry.Security;

/// <summary>
/// Holds the fleet's trust bundle and only ever moves it forward: to higher serials, and along handovers of the root.
/// Safe for use by several threads; what it holds is stored by whoever has it.
/// </summary>
internal sealed class BundleKeeper
{
    private readonly string _network;
    private readonly VerifyKey _pinned;
    private readonly Lock _one = new();
    private volatile Held _held;

    public BundleKeeper(string network, VerifyKey pinnedRoot)
    {
        _network = network;
        _pinned = pinnedRoot;
        _held = new Held(pinnedRoot, null, null);
    }

    /// <summary>The root that is trusted now.</summary>
    public VerifyKey Root => _held.Root;

    /// <summary>The bundle in force; null before the first.</summary>
    public TrustBundle? Current => _held.Bundle;

    public SignedBundle? Signed => _held.Signed;

    /// <summary>A keeper as it was stored. Where another root is pinned now, what was stored counts for nothing.</summary>
    /// <exception cref="PantryException">The bytes are no keeper's, or do not stand.</exception>
    public static BundleKeeper Restore(string network, VerifyKey pinnedRoot, ReadOnlySpan<byte> bytes)
    {
        BundleKeeperState state = SecurityJson.TryRead(bytes, SecurityJson.Default.BundleKeeperState, SignedBundle.MaxBytes * 2L)
            ?? throw new PantryException(PantryErrorCode.InvalidSignature, "The stored trust bundle cannot be read. Fetch it anew from the server.");
        var keeper = new BundleKeeper(network, pinnedRoot);
        if (!pinnedRoot.Bytes.SequenceEqual(state.Pinned))
            return keeper;
        keeper._held = new Held(VerifyKey.FromBytes(state.Root), null, null);
        if (state.Bundle is { } bundle)
            keeper.Accept(bundle);
        return keeper;
    }

    public byte[] ToBytes()
    {
        Held held = _held;
        return SecurityJson.ToBytes(
            new BundleKeeperState(_pinned.Bytes.ToArray(), held.Root.Bytes.ToArray(), held.Signed), SecurityJson.Default.BundleKeeperState);
    }

    /// <summary>Takes a bundle over; whether anything is different then, and is to be stored.</summary>
    /// <exception cref="PantryException">The bundle does not stand, or is older than the one in force.</exception>
    public bool Accept(SignedBundle signed)
    {
        lock (_one)
        {
            Held held = _held;
            TrustBundle bundle = signed.Verify(held.Root, _network, out VerifyKey root);
            if (held is { Bundle: { } current, Signed: { } currentSigned })
            {
                if (bundle.Serial < current.Serial)
                    throw RolledBack($"its serial is {bundle.Serial}, and the one in force has {current.Serial}");
                bool same = signed.Statement.AsSpan().SequenceEqual(currentSigned.Statement);
                if (bundle.Serial == current.Serial && !same)
                    throw RolledBack($"it is another one with the same serial, {bundle.Serial}, as the one in force ({current.Serial})");
                if (same && root.Equals(held.Root))
                    return false;
            }

            _held = new Held(root, bundle, signed);
            return true;
        }
    }

    private static PantryException RolledBack(string why) => new(PantryErrorCode.InvalidSignature,
        $"The trust bundle was rolled back: {why}. If the server's data was restored from a copy, sign a bundle with a higher serial.");

    private sealed record Held(VerifyKey Root, TrustBundle? Bundle, SignedBundle? Signed);
}

/// <summary>What a keeper needs to begin again where it was.</summary>
internal sealed record BundleKeeperState(byte[] Pinned, byte[] Root, SignedBundle? Bundle = null);
