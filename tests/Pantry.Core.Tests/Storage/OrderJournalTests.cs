using Pantry.Storage;
using Pantry.Tests.EndToEnd;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

public sealed class OrderJournalTests
{
    private static readonly DateTimeOffset Later = Now.AddMinutes(10);
    private static readonly StorageLimits Small = new() { JournalEntries = 3, JournalKeep = TimeSpan.FromMinutes(5) };

    [Fact]
    public void An_order_begins_once_also_after_a_restart()
    {
        using var root = new StorageRoot();
        using (var journal = OrderJournal.Open(root.Path))
        {
            Assert.True(journal.TryBegin("a", Later));
            Assert.False(journal.TryBegin("a", Later));
            Assert.True(journal.TryBegin("b", Later));
            journal.End("b", [1], [[2]]);
            journal.End("b", [1], [[2]]);
            journal.End("never begun", [], []);
        }

        using var again = OrderJournal.Open(root.Path);
        Assert.False(again.TryBegin("a", Later));
        Assert.False(again.TryBegin("b", Later.AddDays(1)));
        Assert.Equal((JournalState.Begun, JournalState.Ended, null), (again.Find("a"), again.Find("b"), again.Find("never begun")));
    }

    [Fact]
    public void Nothing_is_made_before_the_first_order()
    {
        using var root = new StorageRoot();
        string directory = Path.Combine(root.Path, "client");
        using var journal = OrderJournal.Open(directory);
        Assert.Null(journal.Find("a"));
        journal.End("a", [1], [[2]]);
        Assert.Equal(0, journal.Prune(Now.AddYears(1)));
        Assert.False(Directory.Exists(directory));
        Assert.True(journal.TryBegin("a", Later));
        Assert.True(File.Exists(Path.Combine(directory, OrderJournal.FileName)));
    }

    [Fact]
    public void A_journal_full_of_orders_that_may_come_again_refuses_and_forgets_none()
    {
        using var root = new StorageRoot();
        var clock = new SetClock(Now);
        using var journal = OrderJournal.Open(root.Path, Small, clock);
        foreach (string job in new[] { "a", "b", "c" })
            Assert.True(journal.TryBegin(job, Later));
        clock.Now = Later + Small.JournalKeep;
        Assert.Equal(PantryErrorCode.LimitReached, CodeOf(() => journal.TryBegin("d", clock.Now.AddHours(1))));
        Assert.All(new[] { "a", "b", "c" }, job => Assert.False(journal.TryBegin(job, Later)));

        clock.Now += TimeSpan.FromSeconds(1);
        Assert.True(journal.TryBegin("d", clock.Now.AddHours(1)));
        Assert.Null(journal.Find("a"));
    }

    [Fact]
    public void A_clock_that_is_set_back_lets_no_forgotten_order_in_again()
    {
        using var root = new StorageRoot();
        var clock = new SetClock(Now);
        using (var journal = OrderJournal.Open(root.Path, Small, clock))
        {
            Assert.True(journal.TryBegin("a", Later));
            Assert.Equal(0, journal.Prune(Later));
            Assert.Equal(1, journal.Prune(Later.AddHours(1)));
            clock.Now = Now;
            Assert.False(journal.TryBegin("a", Later));
            Assert.True(journal.TryBegin("b", Later.AddSeconds(1)));
        }

        using var again = OrderJournal.Open(root.Path, Small, clock);
        Assert.False(again.TryBegin("a", Later));
    }

    [Fact]
    public void Clients_of_one_process_have_a_directory_each_and_cannot_share_one()
    {
        using StorageRoot one = new(), two = new();
        using OrderJournal first = OrderJournal.Open(one.Path), second = OrderJournal.Open(two.Path), third = OrderJournal.Open(one.Path);
        Assert.True(first.TryBegin("a", Later));
        Assert.True(second.TryBegin("a", Later));
        Assert.Equal(PantryErrorCode.RootInUse, CodeOf(() => third.TryBegin("a", Later)));
        Assert.Equal(PantryErrorCode.RootInUse, CodeOf(() => OrderJournal.Open(one.Path)));
    }

    [Fact]
    public async Task A_second_process_on_the_directory_is_refused()
    {
        using var root = new StorageRoot();
        await using HostProcess other = await HostProcess.StartAsync("storage", root.Path);
        while (!(await other.ReadLineAsync())!.StartsWith("begun", StringComparison.Ordinal))
        {
            // It has the journal once it says that it began an order.
        }

        Assert.Equal(PantryErrorCode.RootInUse, CodeOf(() => OrderJournal.Open(Path.Combine(root.Path, "client"))));
        await other.KillAsync();
    }

    [Fact]
    public void A_disk_that_fails_refuses_the_order_which_may_be_tried_again()
    {
        using var root = new StorageRoot();
        using var journal = OrderJournal.Open(root.Path);
        Assert.True(journal.TryBegin("first", Later));

        // A trigger that refuses stands for any disk that does.
        string file = Path.Combine(root.Path, OrderJournal.FileName);
        ServerDatabaseTests.Direct(file, "CREATE TRIGGER full BEFORE INSERT ON orders BEGIN SELECT RAISE(ABORT, 'no room'); END");
        Assert.Equal(PantryErrorCode.StorageFailed, CodeOf(() => journal.TryBegin("second", Later)));
        Assert.Null(journal.Find("second"));
        ServerDatabaseTests.Direct(file, "DROP TRIGGER full");
        Assert.True(journal.TryBegin("second", Later));
    }

    [Fact]
    public async Task Of_many_that_begin_the_same_order_at_the_same_time_one_does()
    {
        using var root = new StorageRoot();
        using var journal = OrderJournal.Open(root.Path);
        for (int i = 0; i < 20; i++)
        {
            string job = $"job{i}";
            bool[] begun = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => journal.TryBegin(job, Later)))).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.Single(begun, yes => yes);
        }
    }

    [Fact]
    public void A_job_id_that_is_none_is_refused_before_anything_is_made()
    {
        using var root = new StorageRoot();
        using var journal = OrderJournal.Open(root.Path);
        Assert.Equal(PantryErrorCode.InvalidArgument, CodeOf(() => journal.TryBegin("", Later)));
        Assert.Equal(PantryErrorCode.InvalidArgument, CodeOf(() => journal.TryBegin(new string('x', 129), Later)));
        Assert.False(File.Exists(Path.Combine(root.Path, OrderJournal.FileName)));
    }
}
