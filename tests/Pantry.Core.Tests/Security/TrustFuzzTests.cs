using System.Text;
using CsCheck;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using static Pantry.Tests.Security.Operators;

namespace Pantry.Tests.Security;

/// <summary>Whatever bytes come, and even if they are signed: a verdict or a PantryException, and nothing else.</summary>
public sealed class TrustFuzzTests : IDisposable
{
    // A thread's first error and first signature bring what is made once.
    private const long BytesOfCase = 2 * 1024 * 1024;

    private readonly Operators _fleet = new();
    private readonly TrustBundle _bundle;

    public TrustFuzzTests() => _bundle = _fleet.Bundle;

    [Fact]
    public void Orders_that_are_signed_and_damaged_end_in_a_verdict()
    {
        var order = new OrderStatement(
            OrderStatement.CurrentVersion, Network, "job-1", "alice", Now, Now.AddMinutes(10),
            new TargetStatement { Streams = ["shop.test"], Labels = new LabelTarget("shop", null, "web"), Lists = [new byte[32]], EntryLength = 64 },
            "Shell", BodyFormat.Json, new byte[32], new byte[32], 30, "deploy");
        var me = ClientLabels.Create("host1", "shop", "test", ["web"]);
        byte[] good = SignedOrder.Sign(order, _fleet.Alice).Statement;
        int stood = 0;

        Gen.Select(Fuzz.Damaged(good), Gen.Byte.Array[0, 300].Array[0, 1]).Sample((statement, lists) => Fuzz.Measured(() =>
        {
            var signed = new SignedOrder(statement, _fleet.Alice.Sign("Pantry order 1"u8, statement));
            OrderVerdict verdict = OrderCheck.Verify(signed, _bundle, Network, Now, TimeSpan.FromMinutes(1), 64 * 1024);
            if (!verdict.Stands)
                return;
            Interlocked.Increment(ref stood);
            IReadOnlyList<OperatorScope> scopes = _bundle.Find("bob")!.Scopes;
            OrderCheck.IsFor(verdict.Statement, lists, me, scopes, []);
            OrderCheck.IsFor(verdict.Statement, [], me, scopes, []);
            Scopes.CoversTarget(scopes, verdict.Statement.Command, verdict.Statement.Target);
        }, BytesOfCase), iter: Fuzz.Iterations);

        // Some damage leaves an order, or the way beyond the first check is not tried at all.
        Assert.NotEqual(0, stood);
    }

    [Fact]
    public void Bundles_that_are_signed_and_damaged_are_refused_or_are_in_order()
    {
        byte[] good = SignedBundle.Sign(_bundle, _fleet.Root).Statement;
        Fuzz.Damaged(good).Sample(statement => Refused(() =>
        {
            TrustBundle bundle = new SignedBundle(statement, _fleet.Root.Sign("Pantry trust bundle 1"u8, statement), []).Verify(_fleet.Root.PublicKey, Network, out _);
            Assert.Null(bundle.Fault());
            foreach (OperatorEntry entry in bundle.Operators)
                Scopes.Covers(entry.Scopes, "Shell", ClientLabels.Create("host1", "shop", "test", null));
        }), iter: Fuzz.Iterations);
    }

    [Fact]
    public void Signed_bundles_and_keepers_that_are_damaged_are_refused_or_stand()
    {
        using var next = SigningKey.Generate();
        var signed = SignedBundle.Sign(_bundle, next, [Handover(_fleet.Root, next)]);
        var keeper = new BundleKeeper(Network, _fleet.Root.PublicKey);
        keeper.Accept(signed);

        Fuzz.Damaged(signed.ToBytes()).Sample(bytes => Refused(() => new BundleKeeper(Network, _fleet.Root.PublicKey).Accept(SignedBundle.FromBytes(bytes))), iter: Fuzz.Iterations);
        Fuzz.Damaged(keeper.ToBytes()).Sample(bytes => Refused(() => BundleKeeper.Restore(Network, _fleet.Root.PublicKey, bytes)), iter: Fuzz.Iterations);
        Fuzz.Damaged(signed.Handovers[0].Statement).Sample(statement =>
            new SignedHandover(statement, _fleet.Root.Sign("Pantry root handover 1"u8, statement)).Follow(_fleet.Root.PublicKey, Network), iter: Fuzz.Iterations);
    }

    [Fact]
    public void Keys_and_scopes_as_text_are_read_or_refused()
    {
        string pem = _fleet.Root.ToPem(null);
        Fuzz.Damaged(_fleet.Root.PublicKey.Bytes.ToArray()).Sample(bytes => VerifyKey.TryFromBytes(bytes), iter: Fuzz.Iterations);
        Text(_fleet.Root.PublicKey.ToString()).Sample(text => Refused(() => VerifyKey.Parse(text)), iter: Fuzz.Iterations);
        Text(pem).Sample(text => Refused(() => SigningKey.FromPem(text, null).Dispose()), iter: Fuzz.Iterations);
        Text("shop.production,shop.test:Shell,S[a-z]*").Sample(text => Refused(() =>
        {
            var scope = OperatorScope.Parse(text);
            Assert.Equal(scope, OperatorScope.Parse(scope.ToString()));
            scope.CoversCommand("Shell");
        }), iter: Fuzz.Iterations);
    }

    [Fact]
    public void Lists_of_targets_and_sealed_secrets_are_found_and_opened_or_not()
    {
        using var own = CurveKeyPair.Generate();
        using var secrets = SealedSecrets.Seal("job", new Dictionary<string, byte[]> { ["password"] = [1, 2, 3] });
        byte[] wrapped = secrets.WrapFor(own.PublicKey);
        byte[] tag = TargetTags.Tag("job", "host");
        byte[] list = TargetTags.Lists("job", ["other", "host"], _ => wrapped)[0];

        Gen.Select(Fuzz.Damaged(list), Gen.Int[-1, 65]).Sample((bytes, length) =>
        {
            TargetTags.IndexIn(bytes, length, tag);
            Assert.Equal(TargetTags.WrappedKey(bytes, tag) is null, TargetTags.IndexIn(bytes, TargetTags.LongEntryLength, tag) is null);
        }, iter: Fuzz.Iterations);
        // The body first: a wrapped key that does not open ends it before the body is looked at.
        Fuzz.Damaged(secrets.Body).Sample(body => SealedSecrets.Open("job", body, wrapped, own) is null || body.AsSpan().SequenceEqual(secrets.Body), iter: Fuzz.Iterations);
        Fuzz.Damaged(wrapped).Sample(key => SealedSecrets.Open("job", secrets.Body, key, own) is null || key.AsSpan().SequenceEqual(wrapped), iter: Fuzz.Iterations);
    }

    public void Dispose() => _fleet.Dispose();

    private static Gen<string> Text(string good) => Fuzz.Damaged(Encoding.UTF8.GetBytes(good)).Select(Encoding.UTF8.GetString);

    private static void Refused(Action decode)
    {
        try
        {
            Fuzz.Measured(decode, BytesOfCase);
        }
        catch (PantryException)
        {
            // What is refused is refused with a reason.
        }
    }
}
