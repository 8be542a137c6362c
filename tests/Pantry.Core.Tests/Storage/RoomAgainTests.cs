using Pantry.Protocol;
using Pantry.Storage;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Storage;

/// <summary>A disk that refused and takes again: nobody is refused for what was wrong before, however long the pause between attempts is.</summary>
public sealed class RoomAgainTests : IDisposable
{
    private const string FullAudit = "CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no room'); END";
    private const string FullJobs = "CREATE TRIGGER full BEFORE INSERT ON jobs BEGIN SELECT RAISE(ABORT, 'no room'); END";
    private const string FullRows = "CREATE TRIGGER full_rows BEFORE INSERT ON rows BEGIN SELECT RAISE(ABORT, 'no room'); END";

    private static readonly StorageLimits NoRetries = new() { AuditRetry = TimeSpan.FromHours(1) };

    private readonly StorageRoot _root = new();

    private string JobsFile => Path.Combine(_root.Path, JobStore.FileName);

    public void Dispose() => _root.Dispose();

    [Fact]
    public async Task An_entry_is_written_with_those_that_wait()
    {
        using ServerDatabase database = _root.Open();
        await using var audit = AuditLog.Open(database, NoRetries);
        ServerDatabaseTests.Direct(_root.DatabaseFile, FullAudit);
        await audit.AppendAsync(Entry("Kept"));
        await Assert.ThrowsAsync<PantryException>(() => audit.FlushAsync().WaitAsync(Fleet.Deadline));
        await Assert.ThrowsAsync<PantryException>(() => audit.WriteAsync(Entry("Refused")).WaitAsync(Fleet.Deadline));

        ServerDatabaseTests.Direct(_root.DatabaseFile, "DROP TRIGGER full");
        await audit.WriteAsync(Entry("After")).WaitAsync(Fleet.Deadline);

        Assert.Equal(["Kept", "After"], audit.Query(new AuditQuery()).Select(record => record.Outcome));
        Assert.Null(audit.Fault);
    }

    [Fact]
    public async Task All_is_written_when_somebody_waits_for_it()
    {
        using ServerDatabase database = _root.Open();
        await using var audit = AuditLog.Open(database, NoRetries);
        ServerDatabaseTests.Direct(_root.DatabaseFile, FullAudit);
        await Assert.ThrowsAsync<PantryException>(() => audit.WriteAsync(Entry("Refused")).WaitAsync(Fleet.Deadline));

        ServerDatabaseTests.Direct(_root.DatabaseFile, "DROP TRIGGER full");
        await audit.AppendAsync(Entry("Kept"));
        await audit.FlushAsync().WaitAsync(Fleet.Deadline);

        Assert.Equal("Kept", Assert.Single(audit.Query(new AuditQuery())).Outcome);
    }

    [Fact]
    public async Task A_job_is_taken_though_the_one_before_was_refused()
    {
        using ServerDatabase database = _root.Open();
        await using JobStore store = JobStore.Open(database, NoRetries);
        ServerDatabaseTests.Direct(JobsFile, FullJobs);
        Assert.Equal(PantryErrorCode.StorageFailed, (await Assert.ThrowsAsync<PantryException>(() => store.AddAsync(JobStoreTests.NewJob("refused", "a")).WaitAsync(Fleet.Deadline))).Code);

        ServerDatabaseTests.Direct(JobsFile, "DROP TRIGGER full");
        await store.AddAsync(JobStoreTests.NewJob("after", "a")).WaitAsync(Fleet.Deadline);

        Assert.Equal("after", Assert.Single(store.LoadOpen()).Id);
        Assert.Null(store.Fault);
    }

    [Fact]
    public async Task A_job_is_taken_with_the_rows_that_wait()
    {
        using ServerDatabase database = _root.Open();
        await using JobStore store = JobStore.Open(database, NoRetries);
        await store.AddAsync(JobStoreTests.NewJob("one", "a"));
        ServerDatabaseTests.Direct(JobsFile, FullRows);
        var stored = new TaskCompletionSource<ResultRow>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.AddRow("one", JobStoreTests.Row("a", canary: false), (row, _) => stored.SetResult(row));
        await Fleet.EventuallyAsync(() => store.Fault is not null, "a refusal of the disk");
        await Assert.ThrowsAsync<PantryException>(() => store.AddAsync(JobStoreTests.NewJob("refused", "a")).WaitAsync(Fleet.Deadline));

        ServerDatabaseTests.Direct(JobsFile, "DROP TRIGGER full_rows");
        await store.AddAsync(JobStoreTests.NewJob("after", "a")).WaitAsync(Fleet.Deadline);

        Assert.Equal(0, (await stored.Task.WaitAsync(Fleet.Deadline)).Number);
        Assert.Equal(["one", "after"], store.LoadOpen().Select(job => job.Id));
    }

    [Fact]
    public async Task Orders_that_come_while_room_comes_back_are_taken_or_refused_and_none_hangs()
    {
        using ServerDatabase database = _root.Open();
        var patient = NoRetries with { AuditDeadline = TimeSpan.FromHours(1) };
        await using var audit = AuditLog.Open(database, patient);
        await using JobStore store = JobStore.Open(database, patient);
        int taken = 0;
        for (int round = 0; round < 20; round++)
        {
            ServerDatabaseTests.Direct(_root.DatabaseFile, FullAudit);
            ServerDatabaseTests.Direct(JobsFile, FullJobs);
            await audit.AppendAsync(Entry("Kept"));
            async Task<bool> OrderAsync(string id)
            {
                try
                {
                    await audit.WriteAsync(Entry("Order"));
                    await store.AddAsync(JobStoreTests.NewJob(id, "a"));
                    return true;
                }
                catch (PantryException refused) when (refused.Code == PantryErrorCode.StorageFailed)
                {
                    return false;
                }
            }

            Task<bool>[] orders = [.. Enumerable.Range(0, 16).Select(number => Task.Run(() => OrderAsync($"{round}-{number}")))];
            ServerDatabaseTests.Direct(JobsFile, "DROP TRIGGER full");
            ServerDatabaseTests.Direct(_root.DatabaseFile, "DROP TRIGGER full");
            taken += (await Task.WhenAll(orders).WaitAsync(Fleet.Deadline)).Count(one => one);
            await audit.FlushAsync().WaitAsync(Fleet.Deadline);
            Assert.True(await OrderAsync($"{round}-last").WaitAsync(Fleet.Deadline));
        }

        Assert.Equal(taken + 20, store.LoadOpen().Count);
    }

    private static AuditEvent Entry(string outcome) => new("alice", "Try", outcome);
}
