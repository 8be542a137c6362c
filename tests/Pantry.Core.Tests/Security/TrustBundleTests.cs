using System.Text;
using System.Text.Json.Nodes;
using Pantry.Security;
using static Pantry.Tests.Security.Operators;

namespace Pantry.Tests.Security;

public sealed class TrustBundleTests : IDisposable
{
    private readonly Operators _fleet = new();

    [Fact]
    public void A_bundle_comes_back_as_it_was_signed()
    {
        TrustBundle bundle = _fleet.Bundle;
        var signed = SignedBundle.FromBytes(SignedBundle.Sign(bundle, _fleet.Root).ToBytes());

        TrustBundle read = signed.Verify(_fleet.Root.PublicKey, Network, out VerifyKey root);

        Assert.Equal(_fleet.Root.PublicKey, root);
        Assert.DoesNotContain("covers", Encoding.UTF8.GetString(signed.Statement), StringComparison.OrdinalIgnoreCase);
        Assert.Equal((bundle.Network, bundle.Serial, bundle.IssuedAt), (read.Network, read.Serial, read.IssuedAt));
        Assert.Equal(["alice", "bob"], read.Operators.Select(entry => entry.Name));
        OperatorEntry bob = read.Find("BOB")!;
        Assert.Equal(_fleet.Bob.PublicKey.Bytes, bob.SigningKey);
        Assert.Equal(["shop.test:Shell,S*", "shop:Ping"], bob.Scopes.Select(scope => scope.ToString()));
        Assert.Equal(Now.AddDays(1), bob.ExpiresAt);
        Assert.Same(bob, read.FindBySessionKey(PublicKey.Parse(bob.SessionKey)));
        Assert.Null(read.Find("carol"));
        Assert.False(bob.HasExpired(Now.AddDays(1)));
        Assert.True(bob.HasExpired(Now.AddDays(1).AddTicks(1)));
        Assert.False(read.Find("alice")!.HasExpired(DateTimeOffset.MaxValue));
    }

    [Fact]
    public void Every_changed_byte_is_refused()
    {
        var signed = SignedBundle.Sign(_fleet.Bundle, _fleet.Root);
        for (int i = 0; i < signed.Statement.Length; i++)
            AssertRefused(signed with { Statement = Flipped(signed.Statement, i) });
        for (int i = 0; i < signed.Signature.Length; i++)
            AssertRefused(signed with { Signature = Flipped(signed.Signature, i) });
        AssertRefused(signed with { Statement = [.. signed.Statement, (byte)' '] });
        AssertRefused(signed with { Signature = [] });
    }

    [Fact]
    public void A_bundle_of_another_root_or_fleet_is_refused()
    {
        AssertRefused(SignedBundle.Sign(_fleet.Bundle, _fleet.Alice));
        Assert.Contains("another fleet", AssertRefused(SignedBundle.Sign(_fleet.Bundle with { Network = "fleet-2" }, _fleet.Root)), StringComparison.Ordinal);
    }

    [Fact]
    public void What_this_version_does_not_know_is_refused_even_if_signed()
    {
        var unknown = (JsonObject)JsonNode.Parse(SignedBundle.Sign(_fleet.Bundle, _fleet.Root).Statement)!;
        unknown["onlyOnSundays"] = true;
        AssertRefused(SignStatement(unknown.ToJsonString()));
        AssertRefused(SignStatement("""{"network":"fleet-1","network":"fleet-1","serial":8,"issuedAt":"2026-01-01T00:00:00Z","operators":[]}"""));
        AssertRefused(SignStatement("null"));
        AssertRefused(SignStatement(""));
        AssertRefused(SignStatement("""{"network":"fleet-1","serial":8,"issuedAt":"2026-01-01T00:00:00Z","operators":null}"""));
        AssertRefused(SignStatement("""{"network":"fleet-1","serial":8,"issuedAt":"2026-01-01T00:00:00Z","operators":[null]}"""));
    }

    [Fact]
    public void Operators_that_share_a_name_or_a_key_are_not_signed()
    {
        TrustBundle bundle = _fleet.Bundle;
        OperatorEntry bob = bundle.Find("bob")!;
        foreach (TrustBundle wrong in (TrustBundle[])
            [
                bundle with { Operators = [.. bundle.Operators, Entry("Bob", _fleet.Root.PublicKey, "*:*")] },
                bundle.With(bob with { Name = "carol", SessionKey = bundle.Find("alice")!.SessionKey, SigningKey = _fleet.Root.PublicKey.Bytes.ToArray() }),
                bundle.With(Entry("carol", _fleet.Bob.PublicKey, "*:*")),
                bundle.With(bob with { Name = "no name" }),
                bundle.With(bob with { SessionKey = "no key" }),
                bundle.With(bob with { SigningKey = [1, 2, 3] }),
                bundle.With(bob with { Scopes = [new OperatorScope(["shop.*"], ["*"])] }),
            ])
        {
            Assert.Equal(PantryErrorCode.InvalidArgument, Assert.Throws<PantryException>(() => SignedBundle.Sign(wrong, _fleet.Root)).Code);
        }
    }

    [Fact]
    public void Each_change_has_the_next_serial()
    {
        TrustBundle bundle = _fleet.Bundle;
        TrustBundle changed = bundle.With(bundle.Find("bob")! with { Scopes = [] }, Now.AddHours(1));
        Assert.Equal((8, 2, Now.AddHours(1)), (changed.Serial, changed.Operators.Count, changed.IssuedAt));
        Assert.Empty(changed.Find("bob")!.Scopes);
        TrustBundle removed = changed.Without("BOB");
        Assert.Equal((9, 1), (removed.Serial, removed.Operators.Count));
    }

    [Fact]
    public void The_keeper_never_goes_back()
    {
        var keeper = new BundleKeeper(Network, _fleet.Root.PublicKey);
        var seventh = SignedBundle.Sign(_fleet.Bundle, _fleet.Root);
        var eighth = SignedBundle.Sign(_fleet.Bundle.Without("bob"), _fleet.Root);
        Assert.Null(keeper.Current);

        Assert.True(keeper.Accept(seventh));
        Assert.True(keeper.Accept(eighth));
        Assert.False(keeper.Accept(SignedBundle.Sign(keeper.Current!, _fleet.Root)));

        string older = Assert.Throws<PantryException>(() => keeper.Accept(seventh)).Message;
        Assert.Contains("rolled back", older, StringComparison.Ordinal);
        Assert.Contains("serial is 7", older, StringComparison.Ordinal);
        Assert.Contains("has 8", older, StringComparison.Ordinal);
        Assert.Contains("rolled back", Assert.Throws<PantryException>(() => keeper.Accept(SignedBundle.Sign(_fleet.Bundle.Without("alice"), _fleet.Root))).Message, StringComparison.Ordinal);
        Assert.Throws<PantryException>(() => keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 99 }, _fleet.Bob)));
        Assert.Equal(8, keeper.Current!.Serial);
        Assert.Null(keeper.Current.Find("bob"));
    }

    [Fact]
    public void The_keeper_moves_along_handovers_and_not_back()
    {
        using var second = SigningKey.Generate();
        using var third = SigningKey.Generate();
        SignedHandover[] chain = [Handover(_fleet.Root, second), Handover(second, third)];
        var keeper = new BundleKeeper(Network, _fleet.Root.PublicKey);
        keeper.Accept(SignedBundle.Sign(_fleet.Bundle, _fleet.Root));

        Assert.Throws<PantryException>(() => keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 8 }, third)));
        Assert.Throws<PantryException>(() => keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 8 }, third, [chain[1]])));
        Assert.Throws<PantryException>(() => keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 6 }, third, chain)));
        Assert.Equal(_fleet.Root.PublicKey, keeper.Root);

        Assert.True(keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 8 }, third, chain)));
        Assert.Equal(third.PublicKey, keeper.Root);
        Assert.True(keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 9 }, third, chain)));
        Assert.Throws<PantryException>(() => keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 10 }, _fleet.Root)));
        Assert.Throws<PantryException>(() => keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 10 }, second, [chain[0]])));
    }

    [Fact]
    public void A_handover_of_another_fleet_or_by_nobody_leads_nowhere()
    {
        using var second = SigningKey.Generate();
        foreach (SignedHandover wrong in (SignedHandover[])
            [
                Handover(_fleet.Root, second, "fleet-2"),
                Handover(_fleet.Alice, second),
                new SignedHandover(_fleet.Bundle.Operators[0].SigningKey, new byte[64]),
                SignedHandover.Sign(new RootHandover(Network, [1], Now), _fleet.Root),
            ])
        {
            AssertRefused(SignedBundle.Sign(_fleet.Bundle, second, [wrong]));
        }
    }

    [Fact]
    public void A_keeper_goes_on_where_it_was_stored()
    {
        using var second = SigningKey.Generate();
        var keeper = new BundleKeeper(Network, _fleet.Root.PublicKey);
        keeper.Accept(SignedBundle.Sign(_fleet.Bundle, second, [Handover(_fleet.Root, second)]));
        keeper.Accept(SignedBundle.Sign(_fleet.Bundle with { Serial = 8 }, second));

        var restored = BundleKeeper.Restore(Network, _fleet.Root.PublicKey, keeper.ToBytes());
        Assert.Equal(second.PublicKey, restored.Root);
        Assert.Equal(8, restored.Current!.Serial);
        Assert.Throws<PantryException>(() => restored.Accept(SignedBundle.Sign(_fleet.Bundle, second)));

        var empty = BundleKeeper.Restore(Network, _fleet.Root.PublicKey, new BundleKeeper(Network, _fleet.Root.PublicKey).ToBytes());
        Assert.Null(empty.Current);
        var repinned = BundleKeeper.Restore(Network, _fleet.Alice.PublicKey, keeper.ToBytes());
        Assert.Equal((_fleet.Alice.PublicKey, null), (repinned.Root, repinned.Current));
        Assert.Throws<PantryException>(() => BundleKeeper.Restore(Network, _fleet.Root.PublicKey, "nothing"u8));
    }

    public void Dispose() => _fleet.Dispose();

    private static byte[] Flipped(byte[] bytes, int at)
    {
        byte[] flipped = [.. bytes];
        flipped[at] ^= 1;
        return flipped;
    }

    private SignedBundle SignStatement(string json)
    {
        byte[] statement = Encoding.UTF8.GetBytes(json);
        return new SignedBundle(statement, _fleet.Root.Sign("Pantry trust bundle 1"u8, statement), []);
    }

    private string AssertRefused(SignedBundle signed)
    {
        PantryException error = Assert.Throws<PantryException>(() => signed.Verify(_fleet.Root.PublicKey, Network, out _));
        Assert.Equal(PantryErrorCode.InvalidSignature, error.Code);
        return error.Message;
    }
}
