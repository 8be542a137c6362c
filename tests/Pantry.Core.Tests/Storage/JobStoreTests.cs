using System.Text;
using Microsoft.Data.Sqlite;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

/// <summary>Jobs and rows in <c>jobs.db</c>.</summary>
public sealed class JobStoreTests : IDisposable
{
    private readonly StorageRoot _root = new();

    private string File => Path.Combine(_root.Path, JobStore.FileName);

    [Fact]
    public async Task What_was_added_is_there_when_the_store_is_opened_again()
    {
        StoredJob job = NewJob("one", "a", "b", "c");
        await WithStoreAsync(async store =>
        {
            await store.AddAsync(job);
            ResultRow first = await AddRowAsync(store, "one", "b", canary: true, "out of b", "err of b");
            ResultRow second = await AddRowAsync(store, "one", "a");
            store.Note("one", PantryJobState.Suspended, begun: 2);
            Assert.Equal((0, 1), (first.Number, second.Number));
        });

        await WithStoreAsync(store =>
        {
            StoredJob open = Assert.Single(store.LoadOpen());
            Assert.Equal(("one", "alice", "192.0.2.7", "Shell", PantryJobState.Suspended), (open.Id, open.Operator, open.From, open.Command, open.State));
            Assert.Equal(["a", "b", "c"], open.Targets);
            Assert.Equal((job.CreatedAt, job.NotAfter, null), (open.CreatedAt, open.NotAfter, open.EndedAt));
            Assert.Equal(job.OperatorKey, open.OperatorKey);
            StoredOrder order = open.Order!;
            Assert.Equal((job.Order!.Signed.DeliveryTimeout, job.Order.Signed.Plan, 2), (order.Signed.DeliveryTimeout, order.Signed.Plan, order.Begun));
            Assert.Equal(job.Order.Signed.Order.Statement, order.Signed.Order.Statement);
            Assert.Equal(job.Order.Signed.Arguments, order.Signed.Arguments);
            Assert.Equal(job.Order.Keys, order.Keys);
            Assert.Equal([(0, "b", true), (1, "a", false)], open.Rows.Select(row => (row.Row.Number, row.Row.Client, row.Canary)));
            Assert.Equal(TimeSpan.FromMilliseconds(5), open.Rows[0].Row.RoundTrip);
            Assert.Equal(["out of b", "err of b"], store.Output("one", 0).Select(Encoding.UTF8.GetString));
            Assert.Equal(2, store.Counts("one")["Succeeded"]);
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task Rows_after_a_restart_are_numbered_on_and_a_job_that_has_ended_keeps_its_rows_and_loses_its_order()
    {
        await WithStoreAsync(async store =>
        {
            await store.AddAsync(NewJob("one", "a", "b"));
            await AddRowAsync(store, "one", "a");
        });
        await WithStoreAsync(async store =>
        {
            Assert.Equal(1, (await AddRowAsync(store, "one", "b")).Number);
            store.Note("one", PantryJobState.Ended);
            await store.FlushAsync();
        });

        await WithStoreAsync(store =>
        {
            Assert.Empty(store.LoadOpen());
            StoredJob ended = store.Load("one")!;
            Assert.Equal((PantryJobState.Ended, null, 2), (ended.State, ended.Order, ended.Rows.Count));
            Assert.NotNull(ended.EndedAt);
            Assert.Null(store.Load("two"));
            return Task.CompletedTask;
        });
        Assert.Equal(0L, Ask("SELECT count(*) FROM orders"));
    }

    [Fact]
    public async Task An_id_that_is_taken_is_refused_and_disturbs_neither_its_job_nor_what_is_written_with_it()
    {
        await WithStoreAsync(async store =>
        {
            await store.AddAsync(NewJob("one", "a", "b"));
            await AddRowAsync(store, "one", "a");
            Task other = store.AddAsync(NewJob("two", "a")), again = store.AddAsync(NewJob("one", "x", "y", "z"));
            Task<ResultRow> row = AddRowAsync(store, "one", "b");

            PantryException refused = await Assert.ThrowsAsync<PantryException>(() => again.WaitAsync(Fleet.Deadline));

            Assert.Equal(PantryErrorCode.InvalidArgument, refused.Code);
            await other;
            Assert.Equal(1, (await row).Number);
            Assert.Equal(["a", "b"], store.Load("one")!.Targets);
            Assert.Equal(["one", "two"], store.LoadOpen().Select(job => job.Id));
            Assert.Null(store.Fault);
        });
    }

    [Fact]
    public async Task A_target_has_one_row_and_a_second_one_stops_nobody()
    {
        await WithStoreAsync(async store =>
        {
            await store.AddAsync(NewJob("one", "a", "b"));
            await AddRowAsync(store, "one", "a", canary: false, "the first");
            bool told = false;
            store.AddRow("one", Row("A", canary: false, "the second"), (_, _) => told = true);

            Assert.Equal(1, (await AddRowAsync(store, "one", "b")).Number);
            await store.AddAsync(NewJob("two", "a"));

            Assert.False(told);
            Assert.Null(store.Fault);
            Assert.Equal(["a", "b"], store.Load("one")!.Rows.Select(row => row.Row.Client));
            Assert.Equal("the first", Encoding.UTF8.GetString(store.Output("one", 0)[0]));
        });
    }

    [Fact]
    public async Task A_row_of_a_job_that_is_gone_takes_no_room()
    {
        await WithStoreAsync(
            async store =>
            {
                store.AddRow("nobody", Row("a", canary: false, new string('x', 2000)), (_, _) => Assert.Fail("There is no such job."));
                await store.FlushAsync();
                Assert.True(store.HasRoom);
            },
            new StorageLimits { WaitingOutput = 1000 });
    }

    [Fact]
    public async Task Jobs_that_ended_long_ago_are_removed_and_then_the_oldest_until_there_is_room()
    {
        var clock = new SetClock(Now);
        await WithStoreAsync(
            async store =>
            {
                foreach (string id in (string[])["old", "older", "new", "newer", "open"])
                    await store.AddAsync(NewJob(id, "a"));
                clock.Now = Now.AddDays(-40);
                await EndAsync(store, "older", bytes: 100);
                clock.Now = Now.AddDays(-20);
                await EndAsync(store, "old", bytes: 600);
                clock.Now = Now.AddDays(-2);
                await EndAsync(store, "new", bytes: 600);
                clock.Now = Now.AddDays(-1);
                await EndAsync(store, "newer", bytes: 300);
                await AddRowAsync(store, "open", "a", canary: false, new string('x', 50));

                Assert.Equal(2, store.Prune(Now.AddDays(-30)));

                Assert.Equal(["open", "newer", "new"], store.List(null, null).Select(job => job.JobId));
                Assert.Equal(0, store.Prune(Now.AddDays(-30)));
                Assert.Equal(600, store.Output("new", 0)[0].Length);
            },
            new StorageLimits { JobBytes = 1000 }, clock);
        Assert.Equal(3L, Ask("SELECT count(*) FROM rows"));
    }

    [Fact]
    public async Task A_damaged_row_is_an_error_that_names_the_file_and_the_cure_and_the_others_can_be_read()
    {
        await WithStoreAsync(async store =>
        {
            await store.AddAsync(NewJob("one", "a", "b"));
            await AddRowAsync(store, "one", "a", canary: false, "out of a");
            await AddRowAsync(store, "one", "b", canary: false, "out of b");
            Ask("UPDATE rows SET output = x'ffffff7f00' WHERE number = 0");

            PantryException damaged = Assert.Throws<PantryException>(() => store.Output("one", 0));

            Assert.Equal((PantryErrorCode.StorageFailed, File), (damaged.Code, damaged.Target));
            Assert.Contains("Restore the file from a backup", damaged.Message, StringComparison.Ordinal);
            Assert.Equal("out of b", Encoding.UTF8.GetString(store.Output("one", 1)[0]));
            Ask("UPDATE rows SET result = x'7b' WHERE number = 1");
            Assert.Equal(PantryErrorCode.StorageFailed, CodeOf(() => store.Load("one")));
            Assert.Equal("one", Assert.Single(store.List(null, null)).JobId);
        });
    }

    [Fact]
    public async Task A_file_of_the_first_schema_is_opened_with_all_it_has()
    {
        OwnerOnly.EnsureFile(File);
        using (var connection = new SqliteConnection($"Data Source={File};Pooling=False"))
        {
            connection.Open();
            connection.Run($"{JobSchema.Migrations[0]}; PRAGMA user_version = 1;");
            connection.Run("""
                INSERT INTO jobs (id, operator, operator_key, command, target, created_at, not_after, state, ended_at, targets, names, rows)
                VALUES ('first', 'alice', x'00', 'Shell', 'all', 1, 2, 'Ended', 3, 1, CAST('["a"]' AS BLOB), 0)
                """);
        }

        await WithStoreAsync(async store =>
        {
            Assert.Equal(["a"], store.Load("first")!.Targets);
            await store.AddAsync(NewJob("second", "a"));
        });
        Assert.Equal((long)JobSchema.Migrations.Count, Ask("PRAGMA user_version"));
    }

    [Fact]
    public async Task A_file_of_a_newer_schema_is_refused_and_left_as_it_is()
    {
        await WithStoreAsync(store => store.AddAsync(NewJob("one", "a")));
        Ask($"PRAGMA user_version = {JobSchema.Migrations.Count + 1}");
        using ServerDatabase database = _root.Open();

        PantryException refused = Assert.Throws<PantryException>(() => JobStore.Open(database));

        Assert.Equal((PantryErrorCode.StorageFailed, File), (refused.Code, refused.Target));
        Assert.Contains("newer Pantry", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1L, Ask("SELECT count(*) FROM jobs"));
    }

    [Fact]
    public async Task A_second_server_on_the_same_root_is_refused_and_the_first_goes_on()
    {
        await WithStoreAsync(async store =>
        {
            PantryException refused = Assert.Throws<PantryException>(_root.Open);
            Assert.Equal((PantryErrorCode.RootInUse, _root.Path), (refused.Code, refused.Target));
            await store.AddAsync(NewJob("one", "a"));
        });
    }

    [Fact]
    public async Task No_job_that_was_accepted_and_no_row_that_was_stored_is_lost_when_the_process_is_killed_and_no_number_is_given_twice()
    {
        var jobs = new HashSet<string>();
        var rows = new Dictionary<(string Job, int Number), string>();
        for (int round = 0; round < 4; round++)
        {
            await using HostProcess writer = await HostProcess.StartAsync("storage", _root.Path, "jobs");
            int lines = Random.Shared.Next(20, 200);
            for (int i = 0; i < lines; i++)
                Note((await writer.ReadLineAsync())!, jobs, rows);
            await writer.KillAsync();
            while (await writer.ReadLineAsync() is { } line)
                Note(line, jobs, rows);

            await WithStoreAsync(store =>
            {
                Assert.Empty(jobs.Except(store.List(null, null).Select(job => job.JobId)));
                foreach (IGrouping<string, KeyValuePair<(string Job, int Number), string>> said in rows.GroupBy(row => row.Key.Job))
                {
                    StoredJob stored = store.Load(said.Key)!;
                    Assert.Equal(Enumerable.Range(0, stored.Rows.Count), stored.Rows.Select(row => row.Row.Number));
                    foreach (((_, int number), string client) in said)
                    {
                        Assert.Equal(client, stored.Rows[number].Row.Client);
                        Assert.Equal($"output of {client}", Encoding.UTF8.GetString(store.Output(said.Key, number)[0]));
                    }
                }

                return Task.CompletedTask;
            });
        }

        Assert.NotEmpty(jobs);
        Assert.NotEmpty(rows);
    }

    public void Dispose() => _root.Dispose();

    // "accepted JOB ." or "stored JOB NUMBER CLIENT ."; the pipe can end in the middle of a line.
    private static void Note(string line, HashSet<string> jobs, Dictionary<(string Job, int Number), string> rows)
    {
        switch (line.Split(' '))
        {
            case ["accepted", var job, "."]:
                jobs.Add(job);
                break;
            case ["stored", var job, var number, var client, "."]:
                Assert.True(rows.TryAdd((job, int.Parse(number, null)), client), $"Twice: {line}");
                break;
            default:
                break;
        }
    }

    private async Task WithStoreAsync(Func<JobStore, Task> use, StorageLimits? limits = null, TimeProvider? time = null)
    {
        using ServerDatabase database = _root.Open();
        await using JobStore store = JobStore.Open(database, limits, time);
        await use(store);
    }

    private object? Ask(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={File};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.Command(sql);
        return command.ExecuteScalar();
    }

    private static async Task EndAsync(JobStore store, string id, int bytes)
    {
        await AddRowAsync(store, id, "a", canary: false, new string('x', bytes));
        store.Note(id, PantryJobState.Ended);
        await store.FlushAsync();
    }

    private static Task<ResultRow> AddRowAsync(JobStore store, string job, string client, bool canary = false, params string[] output)
    {
        var stored = new TaskCompletionSource<ResultRow>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.AddRow(job, Row(client, canary, output), (numbered, _) => stored.SetResult(numbered));
        return stored.Task.WaitAsync(Fleet.Deadline);
    }

    internal static StoredRow Row(string client, bool canary, params string[] output) => new(
        new ResultRow(0, client, TimeSpan.FromMilliseconds(5), new Result("job", CommandStatus.Succeeded, 0, null, BodyFormat.None, null, false, null, TimeSpan.Zero), [.. output.Select(Encoding.UTF8.GetBytes)]),
        canary);

    internal static StoredJob NewJob(string id, params string[] targets) => new()
    {
        Id = id,
        Operator = "alice",
        OperatorKey = [1, 2, 3],
        From = "192.0.2.7",
        Command = "Shell",
        Target = "all clients",
        CreatedAt = Now,
        NotAfter = Now.AddHours(1),
        State = PantryJobState.Running,
        Targets = targets,
        Order = new StoredOrder(
            new SignedJob
            {
                Order = new SignedOrder([4, 5], [6]),
                Target = Target.Clients(targets),
                Arguments = [7, 8, 9],
                DeliveryTimeout = TimeSpan.FromSeconds(12),
                Plan = new RolloutPlan { BatchSize = new Share(3), Canary = new Share(10, IsPercent: true) },
            },
            [.. targets.Select((_, place) => place == 1 ? null : NewKey())], 0),
    };
}
