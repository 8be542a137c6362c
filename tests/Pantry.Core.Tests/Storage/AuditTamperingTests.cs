using System.Globalization;
using Microsoft.Data.Sqlite;
using Pantry.Security;
using Pantry.Storage;

namespace Pantry.Tests.Storage;

public sealed class AuditTamperingTests
{
    private const string CutCheckpoints = "DELETE FROM audit_checkpoints WHERE sequence > 15; ";

    public static TheoryData<string, string, long, string, bool> Tampering => new()
    {
        { "an edit", "UPDATE audit SET outcome = 'Succeeded ' WHERE sequence = 7", 7, "was changed", false },
        { "an edit of what is mostly null", "UPDATE audit SET job = '' WHERE sequence = 7", 7, "was changed", false },
        { "an edit of the time", "UPDATE audit SET at = at + 1 WHERE sequence = 7", 7, "was changed", false },
        { "an edit with a new hash", "UPDATE audit SET actor = 'mallory', hash = zeroblob(32) WHERE sequence = 7", 7, "was changed", false },
        { "text moved from field to field", "UPDATE audit SET actor = 'alic', action = 'e' || action WHERE sequence = 7", 7, "was changed", false },
        { "a removal", "DELETE FROM audit WHERE sequence = 7", 7, "are missing", false },
        { "the removal of the first", "DELETE FROM audit WHERE sequence = 1", 1, "are missing", false },
        { "a removal with new numbers", "DELETE FROM audit WHERE sequence = 7; UPDATE audit SET sequence = -sequence + 1 WHERE sequence > 7; UPDATE audit SET sequence = -sequence WHERE sequence < 0", 7, "was changed", true },
        { "another order", "UPDATE audit SET sequence = -7 WHERE sequence = 7; UPDATE audit SET sequence = 7 WHERE sequence = 8; UPDATE audit SET sequence = 8 WHERE sequence = -7", 7, "was changed", false },
        { "an end cut off", "DELETE FROM audit WHERE sequence > 15", 16, "cut off", true },
        { "an end cut off with its checkpoints", CutCheckpoints + "DELETE FROM audit WHERE sequence > 15", 16, "cut off", true },
        { "an end cut off with every checkpoint", "DELETE FROM audit_checkpoints; DELETE FROM audit WHERE sequence > 15", 16, "cut off", true },
        { "everything cut off", "DELETE FROM audit_checkpoints; DELETE FROM audit", 1, "cut off", true },
        { "a record before the first", "INSERT INTO audit SELECT 0, at, actor, key, came_from, action, target, job, outcome, detail, hash FROM audit WHERE sequence = 1", 1, "the first is 1", false },
        { "checkpoints removed", "DELETE FROM audit_checkpoints", 1, "No checkpoint covers", true },
        { "a checkpoint with a bad signature", "UPDATE audit_checkpoints SET signature = zeroblob(64)", 20, "bad signature", true },
        { "a checkpoint of another time", "UPDATE audit_checkpoints SET at = at + 1", 20, "bad signature", true },
    };

    [Theory]
    [MemberData(nameof(Tampering))]
    public async Task It_is_found_in_the_running_server_and_the_next_start_says_so_where_the_end_is_wrong(string what, string sql, long firstBad, string problem, bool atEnd)
    {
        using var root = new StorageRoot();
        using (ServerDatabase database = root.Open())
        {
            await using AuditLog audit = await FilledAsync(database);
            Assert.True(audit.Verify().Ok);
            ServerDatabaseTests.Direct(root.DatabaseFile, sql);
            AuditVerification result = audit.Verify();
            Assert.False(result.Ok, what);
            Assert.Equal(firstBad, result.FirstBad);
            Assert.Contains(problem, result.Problem, StringComparison.Ordinal);
        }

        using ServerDatabase again = root.Open();
        if (atEnd)
        {
            var error = Assert.Throws<PantryException>(() => AuditLog.Open(again));
            Assert.Equal(PantryErrorCode.StorageFailed, error.Code);
            Assert.Contains("does not fit", error.Message, StringComparison.Ordinal);
            return;
        }

        await using var reopened = AuditLog.Open(again);
        Assert.Equal(firstBad, reopened.Verify().FirstBad);
    }

    [Fact]
    public async Task A_forged_record_at_the_end_has_no_checkpoint()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using AuditLog audit = await FilledAsync(database);
        AppendForged(root, database, 20);
        AuditVerification result = audit.Verify();
        Assert.Equal((false, 21L), (result.Ok, result.FirstBad!.Value));
        Assert.Contains("No checkpoint covers", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_written_anew_with_right_hashes_differs_from_what_was_signed()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using AuditLog audit = await FilledAsync(database);
        ServerDatabaseTests.Direct(root.DatabaseFile, "DELETE FROM audit WHERE sequence = 20");
        AppendForged(root, database, 19);
        AuditVerification result = audit.Verify();
        Assert.Equal((false, 20L), (result.Ok, result.FirstBad!.Value));
        Assert.Contains("written anew", result.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_whole_directory_that_was_set_back_is_found_with_a_checkpoint_kept_elsewhere()
    {
        using StorageRoot root = new(), kept = new();
        AuditCheckpoint elsewhere;
        using (ServerDatabase database = root.Open())
            await (await FilledAsync(database)).DisposeAsync();
        foreach (string name in new[] { ServerDatabase.FileName, AuditStore.CheckpointFileName })
            File.Copy(Path.Combine(root.Path, name), Path.Combine(kept.Path, name));
        using (ServerDatabase database = root.Open())
        {
            await using var audit = AuditLog.Open(database);
            await audit.WriteAsync(AuditLogTests.Entry("Hidden"));
            elsewhere = AuditCheckpoint.TryParse(audit.Checkpoint()!.ToBytes())!;
        }

        foreach (string name in new[] { ServerDatabase.FileName, AuditStore.CheckpointFileName })
            File.Copy(Path.Combine(kept.Path, name), Path.Combine(root.Path, name), overwrite: true);
        using ServerDatabase back = root.Open();
        await using var log = AuditLog.Open(back);
        Assert.True(log.Verify().Ok);
        AuditVerification result = log.Verify(elsewhere);
        Assert.Equal((false, 21L), (result.Ok, result.FirstBad!.Value));
        Assert.Contains("kept elsewhere", result.Problem, StringComparison.Ordinal);

        await log.WriteAsync(AuditLogTests.Entry("Harmless"));
        Assert.Contains("written anew", log.Verify(elsewhere).Problem, StringComparison.Ordinal);
        using var stranger = SigningKey.Generate();
        Assert.Contains("bad signature", log.Verify(AuditCheckpoint.Sign(back.Network, 3, elsewhere.Hash, elsewhere.At, stranger)).Problem, StringComparison.Ordinal);
        Assert.Contains("another network", log.Verify(elsewhere with { Network = "other" }).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_checkpoint_file_that_is_gone_is_said_by_the_look_and_stays_in_the_log_after_a_restart()
    {
        using var root = new StorageRoot();
        using (ServerDatabase database = root.Open())
        {
            await using AuditLog audit = await FilledAsync(database);
            File.Delete(Path.Combine(root.Path, AuditStore.CheckpointFileName));
            Assert.Contains("no checkpoint in the file", audit.Verify().Problem, StringComparison.Ordinal);
        }

        using ServerDatabase again = root.Open();
        await using var reopened = AuditLog.Open(again);
        await reopened.FlushAsync();
        Assert.Equal("CheckpointMissing", reopened.Query(new AuditQuery()).Last().Outcome);
        Assert.True(reopened.Verify().Ok);
    }

    [Fact]
    public async Task A_checkpoint_file_that_is_forged_or_an_audit_key_that_is_another_stops_the_start()
    {
        using var root = new StorageRoot();
        using (ServerDatabase database = root.Open())
            await (await FilledAsync(database)).DisposeAsync();
        string checkpoint = Path.Combine(root.Path, AuditStore.CheckpointFileName), key = Path.Combine(root.Path, "keys", "audit.key");
        using ServerDatabase again = root.Open();
        foreach (byte[] forged in new[] { "{}"u8.ToArray(), "x"u8.ToArray(), [.. File.ReadAllBytes(checkpoint).Select(value => value == (byte)'2' ? (byte)'3' : value)] })
        {
            byte[] honest = File.ReadAllBytes(checkpoint);
            File.WriteAllBytes(checkpoint, forged);
            Assert.Equal(PantryErrorCode.StorageFailed, StorageRoot.CodeOf(() => AuditLog.Open(again)));
            File.WriteAllBytes(checkpoint, honest);
        }

        await AuditLog.Open(again).DisposeAsync();
        File.Delete(key);
        Assert.Equal(PantryErrorCode.StorageFailed, StorageRoot.CodeOf(() => AuditLog.Open(again)));
    }

    [Fact]
    public async Task Checkpoints_do_not_grow_with_the_batches()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using var audit = AuditLog.Open(database, new StorageLimits { AuditBatch = 50 });
        for (int i = 0; i < 2500; i++)
            await audit.AppendAsync(AuditLogTests.Entry("a"));
        await audit.FlushAsync();
        Assert.InRange((long)ServerDatabaseTests.Direct(root.DatabaseFile, "SELECT count(*) FROM audit_checkpoints")!, 3, 4);
        Assert.Equal(new AuditVerification(true, 2500, null, null), audit.Verify());
    }

    private static async Task<AuditLog> FilledAsync(ServerDatabase database)
    {
        var audit = AuditLog.Open(database);
        for (int i = 1; i <= 20; i++)
            await audit.WriteAsync(AuditLogTests.Entry($"Action{i}", "alice", $"web{i}"));
        await audit.FlushAsync();
        return audit;
    }

    // Knows the rules of the chain, but has no key.
    private static void AppendForged(StorageRoot root, ServerDatabase database, long after)
    {
        byte[] previous = (byte[])ServerDatabaseTests.Direct(root.DatabaseFile, $"SELECT hash FROM audit WHERE sequence = {after.ToString(CultureInfo.InvariantCulture)}")!;
        AuditRecord record = AuditChain.Record(after + 1, StorageRoot.Now, AuditLogTests.Entry("Forged"));
        database.File.Write((SqliteConnection connection) => AuditRows.Insert(connection, [(record, AuditChain.Next(previous, record))]));
    }
}
