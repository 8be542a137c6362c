using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

public sealed class GrantTests
{
    [Fact]
    public async Task What_stands_behind_a_grant_is_asked_in_its_turn_and_a_no_leaves_it_unused()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey first = NewKey(), second = NewKey(), client = NewKey();
        trust.AddEnrollment(Enrollment(first));
        trust.AddEnrollment(Enrollment(second));
        trust.AddToken(Token("secret"));
        using var asked = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        bool revoked = false;
        void Require(Grant grant)
        {
            if (revoked)
                throw new PantryException(PantryErrorCode.InvalidEnrollment, $"{grant.Name} has nobody behind it.");
        }

        Task<ClientKey> holding = Task.Run(() => trust.Redeem(first, NewKey(), "web01", Now, null, _ =>
        {
            asked.Set();
            Assert.True(goOn.Wait(TimeSpan.FromSeconds(30)));
        }));
        Assert.True(asked.Wait(TimeSpan.FromSeconds(30)));
        PantryErrorCode? enrollment = null, token = null;
        var waiting = new Thread(() => enrollment = CodeOf(() => trust.Redeem(second, client, "web02", Now, null, Require)));
        waiting.Start();
        Assert.True(SpinWait.SpinUntil(() => waiting.ThreadState.HasFlag(ThreadState.WaitSleepJoin), TimeSpan.FromSeconds(30)), "It did not wait for its turn.");
        // Somebody is revoked while it waits.
        revoked = true;
        goOn.Set();

        Assert.True(waiting.Join(TimeSpan.FromSeconds(30)));
        token = CodeOf(() => trust.RedeemToken("secret", client, Labels("web02"), Now, null, Require));
        Assert.Equal((PantryErrorCode.InvalidEnrollment, PantryErrorCode.InvalidEnrollment), (enrollment, token));
        Assert.Null(trust.Find(client));
        Assert.Equal((await holding).Key, trust.FindEnrollment(first)!.UsedBy);
        Assert.Null(trust.FindEnrollment(second)!.UsedAt);
        Assert.Null(trust.FindToken("secret")!.UsedAt);
    }

    [Fact]
    public void An_enrolment_brings_in_one_key_and_the_same_key_may_ask_again_even_after_a_restart()
    {
        using var root = new StorageRoot();
        PublicKey enrollment = NewKey(), client = NewKey();
        using (ServerDatabase database = root.Open())
        {
            using var trust = new TrustStore(database);
            trust.AddEnrollment(Enrollment(enrollment));
            ClientKey key = trust.Redeem(enrollment, client, "web01", Now, "192.0.2.7");
            Assert.Equal((KeyStatus.Approved, "web01", "shop", "test", "web db", "admin", "192.0.2.7", $"e-{enrollment.Fingerprint[..4]}"),
                (key.Status, key.Labels.Identity, key.Labels.Application, key.Labels.Environment, string.Join(' ', key.Labels.Roles), key.DecidedBy, key.From, key.Enrollment));
        }

        using ServerDatabase again = root.Open();
        using var store = new TrustStore(again);
        Assert.Equal(client, store.Redeem(enrollment, client, "WEB01", Now.AddDays(9), null).Key);
        var error = Assert.Throws<PantryException>(() => store.Redeem(enrollment, NewKey(), "web01", Now, null));
        Assert.Equal(PantryErrorCode.InvalidEnrollment, error.Code);
        Assert.Contains($"was used at 2026-03-01 12:00:00Z by {client.Fingerprint}", error.Message, StringComparison.Ordinal);
        EnrollmentGrant grant = Assert.Single(store.Enrollments());
        Assert.Equal((Now, client), (grant.UsedAt, grant.UsedBy));
    }

    [Fact]
    public void An_enrolment_is_refused_when_it_is_unknown_expired_for_another_or_for_its_own_key()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey enrollment = NewKey();
        trust.AddEnrollment(Enrollment(enrollment, "web01"));
        void Refused(string why, PublicKey grant, PublicKey key, string identity, DateTimeOffset now)
        {
            var error = Assert.Throws<PantryException>(() => trust.Redeem(grant, key, identity, now, null));
            Assert.Equal(PantryErrorCode.InvalidEnrollment, error.Code);
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
        }

        Refused("not known", NewKey(), NewKey(), "web01", Now);
        Refused("was good until", enrollment, NewKey(), "web01", Now.AddHours(2));
        Refused("is for 'web01', not for 'web02'", enrollment, NewKey(), "web02", Now);
        Refused("made itself", enrollment, enrollment, "web01", Now);
        Assert.Empty(trust.All());
        trust.Redeem(enrollment, NewKey(), "web01", Now, null);
    }

    [Fact]
    public void A_rebuilt_host_does_not_take_the_name_of_a_key_that_stands()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey enrollment = NewKey(), old = NewKey(), rebuilt = NewKey();
        trust.AddPending(Pending(old, Labels("web01")), 10);
        trust.Decide(old, KeyStatus.Approved, null, "alice", Now);
        trust.AddEnrollment(Enrollment(enrollment));
        trust.AddToken(Token("secret"));
        Assert.Equal(PantryErrorCode.IdentityInUse, CodeOf(() => trust.Redeem(enrollment, rebuilt, "web01", Now, null)));
        Assert.Equal(PantryErrorCode.IdentityInUse, CodeOf(() => trust.RedeemToken("secret", rebuilt, Labels("web01"), Now, null)));
        Assert.Null(trust.Find(rebuilt));
        trust.Decide(old, KeyStatus.Revoked, null, "alice", Now);
        Assert.Equal(rebuilt, trust.Redeem(enrollment, rebuilt, "web01", Now, null).Key);
    }

    [Fact]
    public void A_key_that_was_revoked_after_it_redeemed_does_not_get_the_old_answer()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey enrollment = NewKey(), client = NewKey();
        trust.AddEnrollment(Enrollment(enrollment));
        trust.Redeem(enrollment, client, "web01", Now, null);
        trust.Decide(client, KeyStatus.Revoked, null, "alice", Now);
        Assert.Equal(PantryErrorCode.KeyRevoked, CodeOf(() => trust.Redeem(enrollment, client, "web01", Now, null)));
        trust.Remove(client);
        Assert.Equal(PantryErrorCode.InvalidEnrollment, CodeOf(() => trust.Redeem(enrollment, client, "web01", Now, null)));
    }

    [Fact]
    public void A_token_gives_its_own_labels_and_of_roles_those_that_were_claimed()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        trust.AddToken(Token("one"));
        trust.AddToken(Token("two"));
        ClientLabels all = trust.RedeemToken("one", NewKey(), Labels("web01"), Now, null).Labels;
        Assert.Equal(("shop", null, "web db"), (all.Application, all.Environment, string.Join(' ', all.Roles)));
        Assert.Equal("web", Assert.Single(trust.RedeemToken("two", NewKey(), Labels("web02", "SHOP", "web"), Now, null).Labels.Roles));
        Assert.All(trust.Tokens(), token => Assert.NotNull(token.UsedBy));
    }

    [Fact]
    public void A_token_is_refused_when_it_is_unknown_expired_for_other_names_or_too_narrow()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        trust.AddToken(Token("secret"));
        void Refused(string why, string secret, ClientLabels claimed, DateTimeOffset now)
        {
            var error = Assert.Throws<PantryException>(() => trust.RedeemToken(secret, NewKey(), claimed, now, null));
            Assert.Equal(PantryErrorCode.InvalidEnrollment, error.Code);
            Assert.Contains(why, error.Message, StringComparison.Ordinal);
        }

        Refused("not known", "Secret", Labels("web01"), Now);
        Refused("was good until", "secret", Labels("web01"), Now.AddHours(2));
        Refused("is for 'web*', not for 'db01'", "secret", Labels("db01"), Now);
        Refused("application 'bank'", "secret", Labels("web01", "bank"), Now);
        Refused("environment 'live'", "secret", ClientLabels.Create("web01", null, "live", null), Now);
        Refused("role 'root'", "secret", Labels("web01", null, "web", "root"), Now);
        Assert.Empty(trust.All());
    }

    [Fact]
    public void The_secret_of_a_token_is_nowhere_on_the_disk()
    {
        const string Secret = "correct-horse-battery-staple";
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        trust.AddToken(Token(Secret) with { Id = "t1" });
        trust.RedeemToken(Secret, NewKey(), Labels("web01"), Now, null);
        foreach (string file in Directory.GetFiles(root.Path, "pantry.db*"))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var text = new StreamReader(stream, System.Text.Encoding.Latin1);
            Assert.DoesNotContain(Secret, text.ReadToEnd(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Fifty_clients_with_one_token_at_the_same_time_give_exactly_one_key()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        trust.AddToken(Token("secret"));
        using var start = new ManualResetEventSlim();
        Task<PublicKey?>[] redeeming = [.. Enumerable.Range(0, 50).Select(i => Task.Run(() =>
        {
            start.Wait();
            try
            {
                return trust.RedeemToken("secret", NewKey(), Labels($"web{i}"), Now, null).Key;
            }
            catch (PantryException error) when (error.Code == PantryErrorCode.InvalidEnrollment)
            {
                return null;
            }
        }))];
        start.Set();
        PublicKey?[] keys = await Task.WhenAll(redeeming).WaitAsync(TimeSpan.FromSeconds(60));
        PublicKey only = Assert.Single(keys, key => key is not null)!;
        Assert.Equal(only, Assert.Single(trust.All()).Key);
        Assert.Equal(only, Assert.Single(trust.Tokens()).UsedBy);
    }
}
