namespace Pantry.Security;

/// <summary>A fleet's root key names the key that follows it.</summary>
/// <param name="Network">Id of the fleet.</param>
/// <param name="NewKey">The new root's public key, as a SubjectPublicKeyInfo.</param>
/// <param name="At">When it was signed.</param>
internal sealed record RootHandover(string Network, byte[] NewKey, DateTimeOffset At);

/// <summary>A handover as the old root signed it: exact bytes, which are verified before they are read.</summary>
internal sealed record SignedHandover(byte[] Statement, byte[] Signature)
{
    private const int MaxBytes = 4096;

    private static ReadOnlySpan<byte> Context => "Pantry root handover 1"u8;

    public static SignedHandover Sign(RootHandover handover, SigningKey oldRoot)
    {
        byte[] statement = SecurityJson.ToBytes(handover, SecurityJson.Default.RootHandover);
        return new SignedHandover(statement, oldRoot.Sign(Context, statement));
    }

    /// <summary>The root that follows; null where this is no handover by the given root in this fleet.</summary>
    public VerifyKey? Follow(VerifyKey root, string network) =>
        Statement.Length <= MaxBytes
        && root.Verify(Context, Statement, Signature)
        && SecurityJson.TryRead(Statement, SecurityJson.Default.RootHandover, MaxBytes) is { } handover
        && handover.Network == network
            ? VerifyKey.TryFromBytes(handover.NewKey)
            : null;
}
