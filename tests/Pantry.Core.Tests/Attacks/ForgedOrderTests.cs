using Pantry.Client;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Attacks;

/// <summary>A server that has been taken over, with all its keys but no operator's: its word alone makes no client do anything.</summary>
public sealed class ForgedOrderTests
{
    [Fact]
    public async Task An_order_that_nobody_signed_or_whose_signer_nobody_knows_is_not_run()
    {
        await using Rig rig = await Rig.StartAsync();
        SignedJob real = rig.Forger.Sign(Target.All);
        using SigningKey unknown = SigningKey.Generate();

        // Not direct: what was answered once is not looked at again.
        rig.Send(Forger.Order(real with { Order = real.Order with { Signature = new byte[SigningKey.SignatureLength] } }, direct: false));
        rig.Send(Forger.Order(real with { Order = real.Order with { Signature = [] } }));
        rig.Send(Forger.Order(Forger.Resign(real, unknown, statement => statement with { Job = NewJob() })));
        rig.Send(Forger.Order(Forger.Resign(real, unknown, statement => statement with { Job = NewJob(), Operator = "nobody" })));
        rig.Send(Forger.Order(Forger.Resign(real, unknown, statement => statement with { Job = NewJob(), Operator = "local" })));

        await rig.AssertNothingRanAsync();
    }

    [Fact]
    public async Task Nothing_of_a_real_order_can_be_changed()
    {
        await using Rig rig = await Rig.StartAsync();
        SignedJob all = rig.Forger.Sign(Target.All, arguments: "one"u8.ToArray());
        SignedJob listed = rig.Forger.Sign(Target.Clients(["other"]));
        string id = Forger.StatementOf(all).Job, job = Forger.StatementOf(listed).Job;

        // Not direct: what was answered once is not looked at again.
        void Try(SignedJob changed, string? name = null) => rig.Send(Forger.Order(changed, direct: false, id: name ?? id));
        Try(all with { Arguments = "two"u8.ToArray() });
        Try(all with { Arguments = [] });
        Try(all with { Secrets = "more"u8.ToArray() });
        Try(all, NewJob());
        Try(listed with { Entries = TargetTags.Tag(job, "shop1") }, job);
        Try(listed with { Entries = [.. listed.Entries, .. TargetTags.Tag(job, "shop1")] }, job);
        for (int place = 0; place < all.Order.Statement.Length; place++)
            Try(all with { Order = all.Order with { Statement = Flipped(all.Order.Statement, place) } });
        for (int place = 0; place < all.Order.Signature.Length; place++)
            Try(all with { Order = all.Order with { Signature = Flipped(all.Order.Signature, place) } });

        await rig.AssertNothingRanAsync();
        Try(all);
        await Fleet.EventuallyAsync(() => rig.Tally.Times == 1, "the order as it was signed to be run");
    }

    [Fact]
    public async Task A_real_order_for_others_is_not_run_whatever_the_server_says_about_it()
    {
        await using Rig rig = await Rig.StartAsync();
        Target[] others =
        [
            Target.Clients(["other"]), Target.OfStreams("shop.test"), Target.OfStreams("sho"), Target.OfStreams("shop.production.web"),
            Target.OfLabels("bank", null, null), Target.OfLabels("shop", "test", null), Target.OfLabels(null, null, "web"),
        ];
        foreach (Target other in others)
        {
            SignedJob signed = rig.Forger.Sign(other);
            string job = Forger.StatementOf(signed).Job;
            // Those that are not direct first: what was answered once is not looked at again.
            rig.Send(Forger.Order(signed, number: long.MaxValue, direct: false, bundleSerial: 0, only: TargetTags.Tag(job, "shop1")));
            rig.Send(Forger.Order(signed, direct: false, bundleSerial: 0));
            rig.Send(Forger.Order(signed, number: -1, bundleSerial: long.MaxValue, only: [.. TargetTags.Tag(job, "other"), .. TargetTags.Tag(job, "shop1")]));
            rig.Send(Forger.Order(signed));
        }

        await rig.AssertNothingRanAsync();
    }

    [Fact]
    public async Task An_order_that_is_held_back_for_others_is_no_order_for_those_it_leaves_out()
    {
        await using Rig rig = await Rig.StartAsync();
        SignedJob signed = rig.Forger.Sign(Target.All);

        rig.Send(Forger.Order(signed, only: TargetTags.Tag(Forger.StatementOf(signed).Job, "other")));
        await rig.AssertNothingRanAsync();

        rig.Send(Forger.Order(signed));
        await Fleet.EventuallyAsync(() => rig.Tally.Times == 1, "the order to be run when it is the client's turn");
    }

    [Fact]
    public async Task An_order_of_another_fleet_or_of_an_operator_who_may_not_do_this_here_is_not_run()
    {
        await using Rig rig = await Rig.StartAsync();
        OperatorCredentials limited = await rig.Fleet.AddOperatorAsync("limited", false, "shop.production:Shell", "bank:*");
        using var limitedForger = new Forger(rig.Fleet, limited);
        using SigningKey key = SigningKey.FromPem(limited.SigningKey, null);
        await rig.SettleAsync();
        SignedJob foreign = Forger.Resign(limitedForger.Sign(Target.All, "Shell"), key, statement => statement with { Network = "another-fleet" });

        rig.Send(Forger.Order(limitedForger.Sign(Target.All)));
        rig.Send(Forger.Order(limitedForger.Sign(Target.Clients(["shop1"]))));
        rig.Send(Forger.Order(limitedForger.Sign(Target.OfStreams("bank"))));
        rig.Send(Forger.Order(foreign));

        await rig.AssertNothingRanAsync();
    }

    [Fact]
    public async Task Without_the_root_key_and_the_local_operator_a_server_can_neither_order_nor_name_operators()
    {
        await using Rig rig = await Rig.StartAsync();
        await rig.Fleet.AddOperatorAsync("keeper", administrator: true);
        rig.Fleet.Server.Authority.ExportRoot(Path.Combine(rig.Fleet.Root, "root.key"), null, takeAway: true);

        async Task RefusedAsync(PantryErrorCode code, Func<Task> attempt) =>
            Assert.Equal(code, (await Assert.ThrowsAsync<PantryException>(attempt)).Code);
        await RefusedAsync(PantryErrorCode.KeyRevoked, () => rig.Fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Count" }, default));
        Assert.Equal(PantryErrorCode.RootKeyOffline, Assert.Throws<PantryException>(() => rig.Fleet.Server.Authority.Remove(rig.Credentials.Name)).Code);
        await rig.Fleet.RestartServerAsync();
        await RefusedAsync(PantryErrorCode.KeyRevoked, () => rig.Fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.All, Command = "Count" }, default));
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(rig.Fleet.Root, "server"), "*", SearchOption.AllDirectories),
            file => Path.GetFileName(file) is "root.key" or "local-operator.key");

        Assert.Equal(0, rig.Tally.Times);
    }

    [Fact]
    public async Task A_bundle_that_is_older_or_of_another_root_or_fleet_is_not_taken_not_even_after_a_restart_of_the_client()
    {
        await using Rig rig = await Rig.StartAsync();
        byte[] older = rig.Fleet.Server.Authority.SignedBundle;
        OperatorCredentials second = await rig.Fleet.AddOperatorAsync("second");
        TrustBundle current = rig.Fleet.Server.Authority.Bundle;
        using var secondForger = new Forger(rig.Fleet, second);
        await rig.SettleAsync();
        using SigningKey root = SigningKeyFile.Load(Path.Combine(rig.Fleet.Root, "server", "keys", "root.key"));
        using SigningKey otherRoot = SigningKey.Generate(), evil = SigningKey.Generate();
        TrustBundle withEvil = current.With(Operators("evil", evil));
        byte[][] bundles =
        [
            older,
            SignedBundle.Sign(withEvil with { Serial = 1_000 }, otherRoot).ToBytes(),
            SignedBundle.Sign(withEvil with { Serial = 1_000 }, otherRoot, [SignedHandover.Sign(new RootHandover(current.Network, otherRoot.PublicKey.Bytes.ToArray(), DateTimeOffset.UtcNow), otherRoot)]).ToBytes(),
            SignedBundle.Sign(withEvil with { Serial = 1_000, Network = "another-fleet" }, root).ToBytes(),
            SignedBundle.Sign(withEvil with { Serial = current.Serial }, root).ToBytes(),
            SignedBundle.Sign(withEvil with { Serial = current.Serial - 1 }, root).ToBytes(),
            "{}"u8.ToArray(), [],
        ];
        var evilOrders = new OrderSigner("evil", evil, current.Network, rig.Fleet.Options, TimeProvider.System);

        async Task OfferAllAsync()
        {
            foreach (byte[] bundle in bundles)
                rig.Send(new Message(MessageKind.BundleChanged, new BundleChanged(1_000)) { Bodies = [bundle] });
            rig.Send(Forger.Order(evilOrders.Sign(new JobRequest { Target = Target.All, Command = "Count" })));
            await rig.AssertNothingRanAsync();
        }

        await OfferAllAsync();
        await rig.RestartClientAsync();
        await OfferAllAsync();
        rig.Send(Forger.Order(secondForger.Sign(Target.All)));
        await Fleet.EventuallyAsync(() => rig.Tally.Times == 1, "an order by an operator whom only the newest bundle names");
    }

    [Fact]
    public async Task A_removed_operators_order_is_not_run_though_it_was_signed_before()
    {
        await using Rig rig = await Rig.StartAsync();
        OperatorCredentials fired = await rig.Fleet.AddOperatorAsync("fired");
        using var forger = new Forger(rig.Fleet, fired);
        SignedJob before = forger.Sign(Target.All);
        await rig.SettleAsync();
        await rig.Fleet.Server.Fleet.RevokeOperatorAsync("fired", default);

        rig.Send(Forger.Order(before));

        await rig.AssertNothingRanAsync();
    }

    private static byte[] Flipped(byte[] bytes, int place) => [.. bytes[..place], (byte)(bytes[place] ^ 1), .. bytes[(place + 1)..]];

    private static string NewJob() => Guid.NewGuid().ToString("N");

    private static OperatorEntry Operators(string name, SigningKey key) => Security.Operators.Entry(name, key.PublicKey, "*:*");

    /// <summary>A fleet with one client of `shop.production`, which counts, and an operator whose key the test has.</summary>
    private sealed class Rig(Fleet fleet, OperatorCredentials credentials, Tally tally, ClientAgent client) : IAsyncDisposable
    {
        private ClientAgent _client = client;

        public Fleet Fleet => fleet;

        public OperatorCredentials Credentials => credentials;

        public Forger Forger { get; } = new(fleet, credentials);

        public Tally Tally => tally;

        public static async Task<Rig> StartAsync()
        {
            Fleet fleet = await Fleet.StartAsync();
            OperatorCredentials credentials = await fleet.AddOperatorAsync("alice");
            var tally = new Tally();
            ClientAgent client = await fleet.AddAsync("shop1", "shop", "production", commands: tally.Commands);
            return new Rig(fleet, credentials, tally, client);
        }

        public void Send(Message message) => Forger.Send("shop1", message);

        public async Task RestartClientAsync()
        {
            await _client.DisposeAsync();
            _client = await fleet.StartAsync(_client.Configuration, tally.Commands);
        }

        public Task SettleAsync() => Forger.SettleAsync("shop1", tally);

        public async Task AssertNothingRanAsync()
        {
            await SettleAsync();
            Assert.Equal(0, tally.Times);
        }

        public async ValueTask DisposeAsync()
        {
            Forger.Dispose();
            await fleet.DisposeAsync();
        }
    }
}
