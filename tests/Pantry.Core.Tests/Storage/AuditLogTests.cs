using System.Text.Json;
using Pantry.Server;
using Pantry.Storage;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

public sealed class AuditLogTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private const string Refusing = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END";

    internal static AuditEvent Entry(string action, string actor = "alice", string? target = null) => new(actor, action, "Succeeded") { Target = target };

    [Fact]
    public async Task What_was_written_is_there_after_a_restart_and_the_chain_goes_on()
    {
        using var root = new StorageRoot();
        var entry = new AuditEvent("alice", "Send", "Started") { Key = "k", From = "192.0.2.1", Target = "stream 'shop'", Job = "j1", Detail = """{"command":"Shell"}""" };
        for (int run = 1; run <= 3; run++)
        {
            using ServerDatabase database = root.Open();
            await using var audit = AuditLog.Open(database, time: new SetClock(Now));
            await audit.WriteAsync(entry);
            Assert.Equal(run, audit.Checkpoint()!.Sequence);
            Assert.Equal(new AuditVerification(true, run, null, null), audit.Verify());
            Assert.Equal(new AuditRecord(run, Now, "alice", "k", "192.0.2.1", "Send", "stream 'shop'", "j1", "Started", """{"command":"Shell"}"""), audit.Query(new AuditQuery()).Last());
        }
    }

    [Fact]
    public async Task Texts_that_a_database_or_a_console_would_not_take_neither_break_the_chain_nor_grow_without_bound()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using var audit = AuditLog.Open(database);
        foreach (string text in new[] { "", "nul\0nul", "half \ud800 pair", "esc\u001b[2J", "naïve 日本 🎉", new string('x', 100_000), "'; DROP TABLE audit; --" })
            await audit.WriteAsync(new AuditEvent(text, text, text) { Target = text, Detail = text });
        await audit.WriteAsync(Entry("Long") with { Detail = new string('x', 2_000_000) });
        Assert.Equal(new AuditVerification(true, 8, null, null), audit.Verify());
        Assert.All(audit.Query(new AuditQuery()), record => Assert.True(record.Actor.Length <= 1024 && !record.Actor.Contains('\u001b', StringComparison.Ordinal)));
        Assert.Equal(2_000_000, JsonDocument.Parse(audit.Query(new AuditQuery { Action = "Long" }).Single().Detail).RootElement.GetProperty("omitted").GetInt32());
    }

    [Fact]
    public async Task Records_of_many_threads_are_all_there_once_and_in_one_chain()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using var audit = AuditLog.Open(database, new StorageLimits { AuditQueue = 16, AuditBatch = 8 });
        await Task.WhenAll(Enumerable.Range(0, 10).Select(writer => Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                if (i % 10 == 0)
                    await audit.WriteAsync(Entry($"{writer}-{i}"));
                else
                    await audit.AppendAsync(Entry($"{writer}-{i}"));
            }
        }))).WaitAsync(Deadline);
        await audit.FlushAsync().WaitAsync(Deadline);
        Assert.Equal(1000, audit.Query(new AuditQuery()).Select(record => record.Action).Distinct().Count());
        Assert.Equal(new AuditVerification(true, 1000, null, null), audit.Verify());
        for (int writer = 0; writer < 10; writer++)
            Assert.Equal(Enumerable.Range(0, 100).Select(i => $"{writer}-{i}"), audit.Query(new AuditQuery { Action = $"{writer}-*" }).Select(record => record.Action));
    }

    [Fact]
    public async Task Records_are_found_by_time_names_and_job_and_the_last_can_be_had()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        var clock = new SetClock(Now);
        await using var audit = AuditLog.Open(database, time: clock);
        for (int i = 0; i < 10; i++)
        {
            clock.Now = Now.AddMinutes(i);
            await audit.WriteAsync(new AuditEvent(i % 2 == 0 ? "alice" : "bob", i < 5 ? "Approve" : "Send", i == 7 ? "Failed" : "Succeeded") { Target = $"web{i}", Job = $"j{i}" });
        }

        long[] Found(AuditQuery filter) => [.. audit.Query(filter).Select(record => record.Sequence)];
        Assert.Equal([3, 4, 5], Found(new AuditQuery { From = Now.AddMinutes(2), To = Now.AddMinutes(4) }));
        Assert.Equal([6, 8, 10], Found(new AuditQuery { Actor = "BOB", Action = "S*" }));
        Assert.Equal([8], Found(new AuditQuery { Outcome = "Failed" }));
        Assert.Equal([4], Found(new AuditQuery { Job = "j3" }));
        Assert.Equal([1, 2], Found(new AuditQuery { Target = "web[01]" }));
        Assert.Equal([9, 10], Found(new AuditQuery { Last = 2 }));
        Assert.Equal([10, 9], Found(new AuditQuery { Last = 2, Newest = true }));
        Assert.Equal([5, 3, 1], Found(new AuditQuery { Actor = "alice", Action = "Approve", Newest = true }));
    }

    [Fact]
    public async Task Refusals_that_are_alike_make_one_record_an_interval_and_those_beyond_the_table_are_counted_together()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        var clock = new SetClock(Now);
        await using var audit = AuditLog.Open(database, new StorageLimits { RefusalKinds = 4 }, clock);
        for (int i = 0; i < 1000; i++)
            audit.AppendRefusal("KeyUnknown", "k", "192.0.2.1");
        audit.AppendRefusal("KeyUnknown", "k", "192.0.2.2");
        clock.Fire();
        await audit.FlushAsync().WaitAsync(Deadline);
        AuditRecord[] records = [.. audit.Query(new AuditQuery())];
        Assert.Equal([("KeyUnknown", "k", "192.0.2.1", 1000), ("KeyUnknown", "k", "192.0.2.2", 1)], records.Select(record => (record.Outcome, record.Key, record.From, Times(record))));

        for (int i = 0; i < 5000; i++)
            audit.AppendRefusal(i % 2 == 0 ? "KeyUnknown" : $"reason{i}", $"k{i}", $"192.0.2.{i}");
        await audit.FlushAsync().WaitAsync(Deadline);
        records = [.. audit.Query(new AuditQuery()).Skip(2)];
        Assert.InRange(records.Length, 1, 10);
        Assert.Equal(5000, records.Sum(Times));
        Assert.Contains(records, record => record is { Outcome: "KeyUnknown", From: "many" });
        static int Times(AuditRecord record) => JsonDocument.Parse(record.Detail).RootElement.GetProperty("count").GetInt32();
    }

    [Fact]
    public async Task What_is_refused_to_strangers_hides_nothing_of_what_is_refused_to_known_keys()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using var audit = AuditLog.Open(database, new StorageLimits { RefusalKinds = 4 });
        for (int i = 0; i < 100; i++)
            audit.AppendRefusal($"reason{i}", $"k{i}", $"192.0.2.{i}");

        audit.AppendRefusal("ForeignResult", "client", "192.0.2.1", isKnown: true);
        await audit.FlushAsync().WaitAsync(Deadline);

        Assert.Contains(audit.Query(new AuditQuery()), record => record is { Outcome: "ForeignResult", Key: "client", From: "192.0.2.1" });
    }

    [Fact]
    public async Task Of_what_nobody_waits_for_a_dead_disk_keeps_so_much_and_the_rest_is_counted()
    {
        const int Noted = 6000;
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using var log = AuditLog.Open(database, new StorageLimits { AuditQueue = 16, AuditRetry = TimeSpan.FromMilliseconds(20) });
        var audit = new ServerAudit(log, _ => false);
        ServerDatabaseTests.Direct(root.DatabaseFile, Refusing);
        for (int i = 0; i < Noted; i++)
            audit.Note("alice", null, null, "Noted", null, "Done");

        ServerDatabaseTests.Direct(root.DatabaseFile, "DROP TRIGGER full");
        await audit.FlushAsync().WaitAsync(Deadline);

        AuditRecord left = Assert.Single(log.Query(new AuditQuery { Action = "LeaveOut" }));
        int count = JsonDocument.Parse(left.Detail).RootElement.GetProperty("count").GetInt32();
        Assert.InRange(count, 1, Noted - 4096);
        Assert.Equal(Noted, count + log.Query(new AuditQuery { Action = "Noted" }).Count());
    }

    [Fact]
    public async Task Refusals_come_to_the_log_by_the_timer_and_at_the_end_without_anybody_asking()
    {
        using var root = new StorageRoot();
        var clock = new SetClock(Now);
        using (ServerDatabase database = root.Open())
        {
            await using var audit = AuditLog.Open(database, time: clock);
            audit.AppendRefusal("First");
            clock.Fire();

            // The tick stands before this in the queue.
            await audit.WriteAsync(Entry("After"));
            Assert.Contains(audit.Query(new AuditQuery()), record => record.Outcome == "First");
            audit.AppendRefusal("Second");
        }

        using ServerDatabase again = root.Open();
        await using var reopened = AuditLog.Open(again);
        Assert.Equal("Second", reopened.Query(new AuditQuery()).Last().Outcome);
    }

    [Fact]
    public async Task A_disk_that_refuses_fails_who_waits_and_keeps_the_rest_until_it_takes_it()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using var audit = AuditLog.Open(database, new StorageLimits { AuditRetry = TimeSpan.FromMilliseconds(20) });
        await audit.WriteAsync(Entry("Before"));
        ServerDatabaseTests.Direct(root.DatabaseFile, Refusing);

        Assert.Equal(PantryErrorCode.StorageFailed, (await Assert.ThrowsAsync<PantryException>(() => audit.WriteAsync(Entry("Refused")))).Code);
        Assert.NotNull(audit.Fault);
        await audit.AppendAsync(Entry("Kept"));
        await Assert.ThrowsAsync<PantryException>(() => audit.FlushAsync());
        Assert.Equal(PantryErrorCode.StorageFailed, (await Assert.ThrowsAsync<PantryException>(() => audit.WriteAsync(Entry("Refused too")))).Code);

        ServerDatabaseTests.Direct(root.DatabaseFile, "DROP TRIGGER full");
        await audit.FlushAsync().WaitAsync(Deadline);
        await audit.WriteAsync(Entry("After"));
        Assert.Null(audit.Fault);
        Assert.Equal(["Before", "Kept", "After"], audit.Query(new AuditQuery()).Select(record => record.Action));
        Assert.True(audit.Verify().Ok);
    }

    [Fact]
    public async Task A_full_queue_makes_callers_wait_and_nobody_waits_for_a_dead_disk_for_ever()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        var audit = AuditLog.Open(database, new StorageLimits { AuditQueue = 4, AuditBatch = 4, AuditRetry = TimeSpan.FromHours(1), AuditDeadline = TimeSpan.FromMilliseconds(200) });
        ServerDatabaseTests.Direct(root.DatabaseFile, Refusing);
        await audit.AppendAsync(Entry("first"));
        await Assert.ThrowsAsync<PantryException>(() => audit.FlushAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            for (int i = 0; i < 10; i++)
                await audit.AppendAsync(Entry("waits"), patience.Token);
        });
        await Assert.ThrowsAsync<PantryException>(() => audit.WriteAsync(Entry("order"))).WaitAsync(Deadline);
        Assert.NotNull(audit.Fault);

        await audit.DisposeAsync().AsTask().WaitAsync(Deadline);
        Assert.Equal(PantryErrorCode.Stopped, (await Assert.ThrowsAsync<PantryException>(() => audit.WriteAsync(Entry("late")))).Code);
    }

    [Fact]
    public async Task A_checkpoint_file_that_cannot_be_written_is_a_fault_too()
    {
        using var root = new StorageRoot();
        using ServerDatabase database = root.Open();
        await using var audit = AuditLog.Open(database);
        Directory.CreateDirectory(Path.Combine(root.Path, AuditStore.CheckpointFileName));
        await Assert.ThrowsAsync<PantryException>(() => audit.WriteAsync(Entry("a")));
        Assert.Contains(AuditStore.CheckpointFileName, audit.Fault!.Message, StringComparison.Ordinal);
        Directory.Delete(Path.Combine(root.Path, AuditStore.CheckpointFileName));
        await audit.WriteAsync(Entry("b"));
        Assert.Null(audit.Fault);
        Assert.Equal(new AuditVerification(true, 2, null, null), audit.Verify());
    }

    [Fact]
    public async Task Who_waits_for_a_record_does_not_wait_for_the_checkpoints_file_which_follows_by_itself()
    {
        using var root = new StorageRoot();
        string file = Path.Combine(root.Path, AuditStore.CheckpointFileName);
        using ServerDatabase database = root.Open();
        await using var audit = AuditLog.Open(database, new StorageLimits { AuditSync = TimeSpan.FromMilliseconds(300) });
        await audit.WriteAsync(Entry("First"));
        await audit.FlushAsync();
        await audit.WriteAsync(Entry("Second"));

        // It may be there already on a slow machine; then the log says so as well.
        AuditCheckpoint shown = audit.Checkpoint()!;
        Assert.InRange(shown.Sequence, 1, AuditCheckpoint.TryParse(File.ReadAllBytes(file))!.Sequence);
        Assert.Equal(["First", "Second"], audit.Query(new AuditQuery()).Select(record => record.Action));
        Assert.True(audit.Verify(shown).Ok);

        await EndToEnd.Fleet.EventuallyAsync(() => audit.Checkpoint()!.Sequence == 2, "The disk follows.");
        Assert.Equal(2, AuditCheckpoint.TryParse(File.ReadAllBytes(file))!.Sequence);
        Assert.True(audit.Verify(audit.Checkpoint()).Ok);
    }

    [Fact]
    public async Task A_disk_that_fails_later_is_a_fault_and_the_next_who_waits_is_told()
    {
        using var root = new StorageRoot();
        string file = Path.Combine(root.Path, AuditStore.CheckpointFileName);
        using ServerDatabase database = root.Open();
        await using var audit = AuditLog.Open(database, new StorageLimits { AuditSync = TimeSpan.FromMilliseconds(100), AuditRetry = TimeSpan.FromMilliseconds(20) });
        await audit.WriteAsync(Entry("Before"));
        await audit.FlushAsync();
        File.Delete(file);
        Directory.CreateDirectory(file);

        await audit.AppendAsync(Entry("Unsynced"));
        await EndToEnd.Fleet.EventuallyAsync(() => audit.Fault is not null, "What failed without anybody waiting is known.");
        Assert.Equal(PantryErrorCode.StorageFailed, (await Assert.ThrowsAsync<PantryException>(() => audit.WriteAsync(Entry("Refused")))).Code);
        Assert.Equal(1, audit.Checkpoint()!.Sequence);

        Directory.Delete(file);
        await EndToEnd.Fleet.EventuallyAsync(() => audit.Fault is null, "It is tried again.");
        await audit.WriteAsync(Entry("After"));
        Assert.True(audit.Verify().Ok);
    }
}
