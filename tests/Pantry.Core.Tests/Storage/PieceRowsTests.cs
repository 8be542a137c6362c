using System.Text;
using Microsoft.Data.Sqlite;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

/// <summary>Live output in <c>jobs.db</c>.</summary>
public sealed class PieceRowsTests : IDisposable
{
    private readonly StorageRoot _root = new();

    [Fact]
    public async Task Pieces_that_the_row_has_are_kept_once_and_what_it_has_beyond_them_becomes_pieces()
    {
        await WithStoreAsync(async store =>
        {
            AddPiece(store, 0, 0, Result.StandardOutputBody, 0, "one\n");
            AddPiece(store, 0, 1, Result.StandardErrorBody, 0, "bad\n");
            AddPiece(store, 0, 2, Result.StandardOutputBody, 4, "two\n");
            AddPiece(store, 1, 0, Result.StandardOutputBody, 0, "other\n");
            await store.FlushAsync();
            Assert.Equal(18L, Ask("SELECT bytes FROM jobs"));

            int pieces = await AddRowAsync(store, "a", 0, "one\ntwo\nthree", "bad\n");

            Assert.Equal(4, pieces);
            Assert.Equal(["one\n", "bad\n", "two\n", "three"], Read(store, 0));
            Assert.Equal(1L, Ask("SELECT count(*) FROM pieces WHERE bytes IS NOT NULL"));
            Assert.Equal(6L + 17L, Ask("SELECT bytes FROM jobs"));
            Assert.Equal([(0, 4), (1, 1)], store.CountPieces("job").Select(count => (count.Target, count.Pieces)).Order());
        });

        // From the disk, whatever order and part is asked for.
        await WithStoreAsync(store =>
        {
            Assert.Equal(["two\n", "three"], Read(store, 0, from: 2));
            Assert.Equal(["other\n"], Read(store, 1));
            Assert.Empty(store.Pieces("job", []));
            Assert.Empty(store.Pieces("another", [(0, 0, 9)]));
            return Task.CompletedTask;
        });
    }

    [Fact]
    public async Task Pieces_of_a_target_whose_row_has_none_of_it_are_kept()
    {
        await WithStoreAsync(async store =>
        {
            AddPiece(store, 0, 0, Result.StandardOutputBody, 0, "before the end\n");
            AddPiece(store, 0, 1, Result.OutputBody, 0, "Ohalf a rec", more: true);

            Assert.Equal(2, await AddRowAsync(store, "a", 0));
            Assert.Equal(["before the end\n", "Ohalf a rec"], Read(store, 0));
        });
    }

    [Fact]
    public async Task A_record_that_was_begun_is_ended_before_all_else()
    {
        await WithStoreAsync(async store =>
        {
            AddPiece(store, 0, 0, Result.OutputBody, 0, "Ohalf a rec", more: true);

            await AddRowAsync(store, "a", 0, "text\n", "", "Ohalf a record\0Onext\0");
            Assert.Equal(["Ohalf a rec", "ord\0Onext\0", "text\n"], Read(store, 0));
        });
    }

    [Fact]
    public async Task A_result_that_left_output_out_says_so_in_its_last_piece_unless_one_has_said_it()
    {
        await WithStoreAsync(async store =>
        {
            await AddRowAsync(store, "a", 0, truncated: true, "much");
            AddPiece(store, 1, 0, Result.StandardOutputBody, 0, "much", truncated: true);
            await AddRowAsync(store, "b", 1, truncated: true, "much");

            Assert.Equal([false, true], store.Pieces("job", [(0, 0, 9)]).OrderBy(piece => piece.Head.Sequence).Select(piece => piece.Head.Truncated));
            Assert.Equal([true], store.Pieces("job", [(1, 0, 9)]).Select(piece => piece.Head.Truncated));
        });
    }

    [Fact]
    public async Task A_piece_that_comes_behind_its_targets_row_is_left_out()
    {
        await WithStoreAsync(async store =>
        {
            await AddRowAsync(store, "a", 0, "all\n");
            var written = new TaskCompletionSource<bool>();
            store.AddPiece("job", new NewPiece(new PieceHead(0, 1, 0, 1, Now, false, false, null), 4, [1]), written.SetResult);

            Assert.False(await written.Task.WaitAsync(Fleet.Deadline));
            Assert.Equal(["all\n"], Read(store, 0));
        });
    }

    [Fact]
    public async Task Pieces_go_with_their_job()
    {
        await WithStoreAsync(async store =>
        {
            AddPiece(store, 0, 0, Result.StandardOutputBody, 0, "one\n");
            await AddRowAsync(store, "a", 0, "one\n");
            await AddRowAsync(store, "b", 1);
            store.Note("job", PantryJobState.Ended);
            await store.FlushAsync();

            Assert.Equal(1, store.Prune(DateTimeOffset.UtcNow.AddDays(1)));
            Assert.Equal(0L, Ask("SELECT count(*) FROM pieces"));
        });
    }

    public void Dispose() => _root.Dispose();

    private static void AddPiece(JobStore store, int target, int sequence, int stream, int place, string text, bool more = false, bool truncated = false)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        store.AddPiece("job", new NewPiece(new PieceHead(target, sequence, stream, bytes.Length, Now, more, truncated, null), place, bytes), _ => { });
    }

    private static Task<int> AddRowAsync(JobStore store, string client, int target, params string[] bodies) => AddRowAsync(store, client, target, truncated: false, bodies);

    private static Task<int> AddRowAsync(JobStore store, string client, int target, bool truncated, params string[] bodies)
    {
        var stored = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        var result = new Result("job", CommandStatus.Succeeded, 0, null, BodyFormat.Clixml, null, truncated, null, TimeSpan.Zero);
        store.AddRow("job", new StoredRow(new ResultRow(0, client, null, result, [.. bodies.Select(Encoding.UTF8.GetBytes)]), Canary: false, target), (_, pieces) => stored.SetResult(pieces));
        return stored.Task.WaitAsync(Fleet.Deadline);
    }

    private static string[] Read(JobStore store, int target, int from = 0) =>
        [.. store.Pieces("job", [(target, from, 100)]).OrderBy(piece => piece.Head.Sequence).Select(piece => Encoding.UTF8.GetString(piece.Bytes))];

    private async Task WithStoreAsync(Func<JobStore, Task> use)
    {
        using ServerDatabase database = ServerDatabase.Open(_root.Path);
        await using JobStore store = JobStore.Open(database);
        if (store.Load("job") is null)
            await store.AddAsync(NewJob());
        await use(store);
    }

    private object? Ask(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_root.Path, JobStore.FileName)};Pooling=False");
        connection.Open();
        using SqliteCommand command = connection.Command(sql);
        return command.ExecuteScalar();
    }

    private static StoredJob NewJob() => new()
    {
        Id = "job",
        Operator = "alice",
        OperatorKey = [1, 2, 3],
        Command = "Shell",
        Target = "all clients",
        CreatedAt = Now,
        NotAfter = Now.AddHours(1),
        State = PantryJobState.Running,
        Targets = ["a", "b"],
        IsLive = true,
        Order = new StoredOrder(
            new SignedJob { Order = new SignedOrder([4, 5], [6]), Target = Target.Clients(["a", "b"]), Plan = RolloutPlan.AtOnce with { Live = true } }, [NewKey(), NewKey()], 0),
    };
}
