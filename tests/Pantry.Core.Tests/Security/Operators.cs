using Pantry.Security;

namespace Pantry.Tests.Security;

/// <summary>A fleet's root and operators for tests.</summary>
internal sealed class Operators : IDisposable
{
    public const string Network = "fleet-1";

    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    public SigningKey Root { get; } = SigningKey.Generate();

    public SigningKey Alice { get; } = SigningKey.Generate();

    public SigningKey Bob { get; } = SigningKey.Generate();

    public TrustBundle Bundle => new(Network, 7, Now,
    [
        Entry("alice", Alice.PublicKey, "*:*") with { Administrator = true },
        Entry("bob", Bob.PublicKey, "shop.test:Shell,S*", "shop:Ping") with { ExpiresAt = Now.AddDays(1) },
    ]);

    public static OperatorEntry Entry(string name, VerifyKey signing, params string[] scopes)
    {
        using CurveKeyPair session = CurveKeyPair.Generate();
        return new OperatorEntry(name, session.PublicKey.ToString(), signing.Bytes.ToArray(), [.. scopes.Select(OperatorScope.Parse)], false, Now);
    }

    public static SignedHandover Handover(SigningKey from, SigningKey to, string network = Network) =>
        SignedHandover.Sign(new RootHandover(network, to.PublicKey.Bytes.ToArray(), Now), from);

    public void Dispose()
    {
        Root.Dispose();
        Alice.Dispose();
        Bob.Dispose();
    }
}
