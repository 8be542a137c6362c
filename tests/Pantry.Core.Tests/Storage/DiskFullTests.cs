using Pantry.Security;
using Pantry.Storage;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

public sealed class DiskFullTests
{
    [Fact]
    public void A_full_file_is_an_error_and_leaves_neither_half_an_enrolment_nor_another_memory()
    {
        using var root = new StorageRoot();
        PublicKey enrollment = NewKey(), client = NewKey();
        using (ServerDatabase database = root.Open())
        {
            using var trust = new TrustStore(database);

            // So many roles take a page of their own, which there is none of: SQLite takes 1 for "no more than now".
            trust.AddEnrollment(Enrollment(enrollment) with { Roles = [.. Enumerable.Range(0, 64).Select(i => $"{new string('r', 60)}{i}")] });
            database.File.Write(connection => connection.Run("PRAGMA max_page_count = 1"));
            var error = Assert.Throws<PantryException>(() => trust.Redeem(enrollment, client, "web01", Now, null));
            Assert.Equal((PantryErrorCode.StorageFailed, root.DatabaseFile), (error.Code, error.Target));
            Assert.Contains("full", error.Message, StringComparison.Ordinal);
            Assert.Null(trust.FindEnrollment(enrollment)!.UsedAt);
            Assert.Null(trust.Find(client));
        }

        using ServerDatabase again = root.Open();
        using var store = new TrustStore(again);
        Assert.Null(store.FindEnrollment(enrollment)!.UsedAt);
        Assert.Equal(client, store.Redeem(enrollment, client, "web01", Now, null).Key);
    }

    [Fact]
    public void A_full_disk_is_an_error_and_all_that_was_confirmed_is_there()
    {
        using var root = new StorageRoot();
        string disk = Path.Combine(root.Path, "disk");
        using (SmallDisk small = SmallDisk.MountAt(disk, "600k"))
        {
            var confirmed = new List<PublicKey>();
            using (var database = ServerDatabase.Open(disk))
            {
                using var trust = new TrustStore(database);
                var error = Assert.Throws<PantryException>(() =>
                {
                    for (int i = 0; i < 10_000; i++)
                    {
                        PublicKey key = NewKey();
                        trust.AddPending(Pending(key, Labels($"host{i}")), 100_000);
                        confirmed.Add(key);
                    }
                });
                Assert.Equal(PantryErrorCode.StorageFailed, error.Code);
                Assert.Equal(confirmed.Count, trust.All().Count);
            }

            small.Resize("20m");
            using var again = ServerDatabase.Open(disk);
            using var store = new TrustStore(again);
            Assert.NotEmpty(confirmed);
            Assert.Equal(confirmed.Select(key => key.Fingerprint).Order(), store.All().Select(client => client.Key.Fingerprint).Order());
        }
    }
}
