using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

public sealed class TrustStoreTests
{
    [Fact]
    public void A_key_is_found_by_key_fingerprint_and_identity_before_and_after_a_restart()
    {
        using var root = new StorageRoot();
        PublicKey key = NewKey();
        var labels = ClientLabels.Create("app.host", "shop", "test", ["web", "db"]);
        ClientKey approved;
        using (ServerDatabase database = root.Open())
        {
            using var trust = new TrustStore(database);
            trust.AddPending(Pending(key, labels), 10);
            Assert.Null(Approved(trust, "app.host"));
            approved = trust.Decide(key, KeyStatus.Approved, null, "alice", Now.AddMinutes(1));
            trust.NoteSeen(key, Now.AddMinutes(2));
        }

        using ServerDatabase again = root.Open();
        using var store = new TrustStore(again);
        ClientKey found = store.Find(key)!;
        Assert.Equal((KeyStatus.Approved, Now, Now.AddMinutes(1), "alice", "192.0.2.1", Now.AddMinutes(2)),
            (found.Status, found.FirstSeen, found.DecidedAt, found.DecidedBy, found.From, found.LastSeen));
        Assert.Equal(("app.host", "shop", "test", "web db"), (found.Labels.Identity, found.Labels.Application, found.Labels.Environment, string.Join(' ', found.Labels.Roles)));
        Assert.Equal(approved.Key, Approved(store, "APP.HOST")!.Key);
        Assert.Equal(key, store.FindByFingerprint(key.Fingerprint.ToUpperInvariant())!.Key);
        Assert.Equal(key, Assert.Single(store.Find("app.host")).Key);
        Assert.Equal(key, Assert.Single(store.All()).Key);
        Assert.Null(store.Find(NewKey()));
        Assert.Null(store.FindByFingerprint("no fingerprint"));
    }

    [Fact]
    public void An_identity_has_one_approved_key_and_the_error_names_both()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey old = NewKey(), rebuilt = NewKey();
        trust.AddPending(Pending(old, Labels("host")), 10);
        trust.AddPending(Pending(rebuilt, Labels("HOST")), 10);
        trust.Decide(old, KeyStatus.Approved, null, "alice", Now);
        var error = Assert.Throws<PantryException>(() => trust.Decide(rebuilt, KeyStatus.Approved, null, "alice", Now));
        Assert.Equal(PantryErrorCode.IdentityInUse, error.Code);
        Assert.Contains(old.Fingerprint, error.Message, StringComparison.Ordinal);
        Assert.Contains(rebuilt.Fingerprint, error.Message, StringComparison.Ordinal);
        Assert.Equal(KeyStatus.Pending, trust.Find(rebuilt)!.Status);

        trust.Decide(old, KeyStatus.Revoked, null, "alice", Now);
        trust.Decide(rebuilt, KeyStatus.Approved, null, "alice", Now);
        Assert.Equal(rebuilt, Approved(trust, "host")!.Key);
        Assert.Equal(2, trust.Find("host").Count);
    }

    [Fact]
    public void A_client_that_claims_more_is_pending_again_and_keeps_its_name_until_that_is_decided()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey key = NewKey(), other = NewKey();
        trust.AddPending(Pending(key, Labels("host", "shop")), 10);
        trust.Decide(key, KeyStatus.Approved, null, "alice", Now);

        // No room for strangers, but this one is none.
        trust.AddPending(Pending(key, Labels("host", "shop", "db")), 0);
        ClientKey again = trust.Find(key)!;
        Assert.Equal((KeyStatus.Pending, 0, "db"), (again.Status, again.Labels.Roles.Count, Assert.Single(again.Claimed!.Roles)));
        Assert.Null(Approved(trust, "host"));

        trust.AddPending(Pending(other, Labels("host")), 10);
        Assert.Equal(PantryErrorCode.IdentityInUse, CodeOf(() => trust.Decide(other, KeyStatus.Approved, null, "alice", Now)));
        ClientKey approved = trust.Decide(key, KeyStatus.Approved, null, "alice", Now);
        Assert.Equal("db", Assert.Single(approved.Labels.Roles));
        Assert.Null(approved.Claimed);
    }

    [Theory]
    [InlineData("Denied", PantryErrorCode.KeyDenied)]
    [InlineData("Revoked", PantryErrorCode.KeyRevoked)]
    public void A_key_that_was_turned_away_does_not_come_back_by_asking(string decision, PantryErrorCode code)
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey key = NewKey(), enrollment = NewKey();
        trust.AddPending(Pending(key, Labels("host")), 10);
        trust.Decide(key, Enum.Parse<KeyStatus>(decision), null, "alice", Now);
        trust.AddEnrollment(Enrollment(enrollment));
        Assert.Equal(code, CodeOf(() => trust.AddPending(Pending(key, Labels("host")), 10)));
        Assert.Equal(code, CodeOf(() => trust.Redeem(enrollment, key, "host", Now, null)));
        Assert.Null(trust.FindEnrollment(enrollment)!.UsedAt);

        Assert.True(trust.Remove(key));
        Assert.False(trust.Remove(key));
        Assert.Empty(trust.Find("host"));
        trust.AddPending(Pending(key, Labels("host")), 10);
    }

    [Fact]
    public void Strangers_can_fill_the_waiting_room_and_no_more()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey first = NewKey();
        trust.AddPending(Pending(first, Labels("host0")), 2);
        trust.AddPending(Pending(NewKey(), Labels("host1")), 2);
        Assert.Equal(PantryErrorCode.LimitReached, CodeOf(() => trust.AddPending(Pending(NewKey(), Labels("host2")), 2)));
        trust.AddPending(Pending(first, Labels("host0", "shop")), 2);
        Assert.Equal("shop", trust.Find(first)!.Labels.Application);
        trust.Decide(first, KeyStatus.Denied, null, "alice", Now);
        trust.AddPending(Pending(NewKey(), Labels("host2")), 2);
        Assert.Equal(3, trust.All().Count);
    }

    [Fact]
    public void Names_that_are_not_allowed_and_decisions_that_are_none_are_refused()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey key = NewKey();
        Assert.Equal(PantryErrorCode.InvalidName, CodeOf(() => trust.AddPending(Pending(key, new ClientLabels { Identity = "../etc" }), 10)));
        trust.AddPending(Pending(key, Labels("host")), 10);
        Assert.Equal(PantryErrorCode.InvalidName, CodeOf(() => trust.Decide(key, KeyStatus.Approved, new ClientLabels { Identity = "host", Roles = ["a b"] }, "alice", Now)));
        Assert.Equal(PantryErrorCode.InvalidArgument, CodeOf(() => trust.Decide(key, KeyStatus.Pending, null, "alice", Now)));
        Assert.Equal(PantryErrorCode.KeyUnknown, CodeOf(() => trust.Decide(NewKey(), KeyStatus.Approved, null, "alice", Now)));
    }

    [Fact]
    public void Asking_and_noting_who_is_there_do_not_touch_the_disk()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey key = NewKey();
        trust.AddPending(Pending(key, Labels("host")), 10);
        database.Dispose();
        trust.NoteSeen(key, Now.AddDays(1));
        trust.NoteSeen(key, Now);
        Assert.Equal(Now.AddDays(1), trust.Find(key)!.LastSeen);
        Assert.Single(trust.Find("host"));
        Assert.Throws<ObjectDisposedException>(trust.FlushSeen);
    }

    [Fact]
    public async Task One_identity_is_approved_once_however_many_ask_at_the_same_time()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        using var trust = new TrustStore(database);
        PublicKey[] keys = [.. Enumerable.Range(0, 30).Select(_ => NewKey())];
        foreach (PublicKey key in keys)
            trust.AddPending(Pending(key, Labels("host")), 100);
        using var start = new ManualResetEventSlim();
        Task<bool>[] deciding = [.. keys.Select(key => Task.Run(() =>
        {
            start.Wait();
            try
            {
                return trust.Decide(key, KeyStatus.Approved, null, "alice", Now).Status == KeyStatus.Approved;
            }
            catch (PantryException error) when (error.Code == PantryErrorCode.IdentityInUse)
            {
                return false;
            }
        }))];
        start.Set();
        bool[] approved = await Task.WhenAll(deciding).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Single(approved, yes => yes);
        Assert.Single(trust.All(), client => client.Status == KeyStatus.Approved);
    }
}
