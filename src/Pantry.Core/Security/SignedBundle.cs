namespace Pantry.Security;

/// <summary>A trust bundle as the root signed it, with the handovers that lead from older roots to that one.</summary>
internal sealed record SignedBundle(byte[] Statement, byte[] Signature, IReadOnlyList<SignedHandover> Handovers)
{
    public const int MaxHandovers = 32;

    // Base64 makes four characters of three bytes.
    public const int MaxBytes = 2 * TrustBundle.MaxBytes;

    private static ReadOnlySpan<byte> Context => "Pantry trust bundle 1"u8;

    /// <exception cref="PantryException">The bundle itself is not in order.</exception>
    public static SignedBundle Sign(TrustBundle bundle, SigningKey root, IReadOnlyList<SignedHandover>? handovers = null)
    {
        if (bundle.Fault() is { } fault)
            throw new PantryException(PantryErrorCode.InvalidArgument, $"The trust bundle cannot be signed: {fault}.");
        byte[] statement = SecurityJson.ToBytes(bundle, SecurityJson.Default.TrustBundle);
        if (statement.Length > TrustBundle.MaxBytes || handovers?.Count > MaxHandovers)
            throw new PantryException(PantryErrorCode.LimitReached, $"A trust bundle has at most {TrustBundle.MaxBytes:N0} bytes and {MaxHandovers} handovers. Remove operators that have expired.");
        return new SignedBundle(statement, root.Sign(Context, statement), handovers ?? []);
    }

    /// <summary>Verifies the bundle and reads it.</summary>
    /// <param name="pinnedRoot">The root that is trusted.</param>
    /// <param name="network">Id of the fleet.</param>
    /// <param name="currentRoot">The root that signed the bundle: the pinned one, or one that it handed over to.</param>
    /// <exception cref="PantryException">The signature does not stand, or what is signed is no bundle of this fleet.</exception>
    public TrustBundle Verify(VerifyKey pinnedRoot, string network, out VerifyKey currentRoot)
    {
        currentRoot = pinnedRoot;
        if (Statement.Length > TrustBundle.MaxBytes || Handovers.Count > MaxHandovers)
            throw Invalid("it is larger than allowed");

        // Those by older roots than the pinned one are passed over; they lead to it.
        VerifyKey root = pinnedRoot;
        foreach (SignedHandover handover in Handovers)
            root = handover.Follow(root, network) ?? root;
        if (!root.Verify(Context, Statement, Signature))
            throw Invalid($"its signature is not by the fleet's root key {root.Fingerprint}");

        if (SecurityJson.TryRead(Statement, SecurityJson.Default.TrustBundle, TrustBundle.MaxBytes) is not { } bundle)
            throw Invalid("what is signed is no trust bundle that this version of Pantry knows; install the server's version");
        if (bundle.Network != network)
            throw Invalid($"it is of another fleet: '{DisplayText.Clean(bundle.Network, 80)}', not '{network}'");
        if (bundle.Fault() is { } fault)
            throw Invalid(fault);
        currentRoot = root;
        return bundle;
    }

    public byte[] ToBytes() => SecurityJson.ToBytes(this, SecurityJson.Default.SignedBundle);

    /// <exception cref="PantryException">The bytes are no signed bundle.</exception>
    public static SignedBundle FromBytes(ReadOnlySpan<byte> bytes) =>
        SecurityJson.TryRead(bytes, SecurityJson.Default.SignedBundle, MaxBytes) ?? throw Invalid("the bytes are none");

    private static PantryException Invalid(string why) =>
        new(PantryErrorCode.InvalidSignature, $"The trust bundle is refused: {why}. Nothing was changed; check that this is the right server.");
}
