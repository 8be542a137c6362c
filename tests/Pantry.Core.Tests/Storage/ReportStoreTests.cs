using Pantry.Configuration;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Tests.Provisioning.Reports;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

/// <summary>Reports in <c>provisioning.db</c>: written once, compared with what was there, and removed by age, number and size.</summary>
public sealed class ReportStoreTests : IDisposable
{
    private static readonly PublicKey Key = NewKey();

    private readonly StorageRoot _root = new();
    private readonly ServerDatabase _database;
    private readonly ProvisioningDatabase _provisioning;
    private int _jobs;

    public ReportStoreTests()
    {
        _database = _root.Open();
        _provisioning = ProvisioningDatabase.Open(_database);
    }

    private ReportStore Store => _provisioning.Reports;

    public void Dispose()
    {
        _provisioning.Dispose();
        _database.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void A_report_comes_back_as_it_was_and_the_same_row_again_is_no_second_one()
    {
        ProvisionReport report = SampleReport.Of("a=Changed b=Unchanged") with { LogTail = "ünïcode\n", StartedAt = Now, Duration = TimeSpan.FromSeconds(2), Error = new CommandError("Code", "why") };
        var row = new ReceivedReports("web1", Key, "j1", [report, SampleReport.Of("c=Unchanged", package: "db")]);

        Store.Add([row], Now);
        Store.Add([row], Now.AddHours(1));

        StoredReport[] heads = [.. Store.Heads(null)];
        Assert.Equal(["db", "web"], heads.Select(head => head.Package));
        Assert.Equal(Key.Bytes.ToArray(), heads[1].Key);
        Assert.Equal(("web1", "j1", "1.0.0", ProvisionStatus.Changed, Now), (heads[1].Client, heads[1].Job, heads[1].Version, heads[1].Status, heads[1].ReceivedAt));
        ProvisionReport read = Store.Texts(heads.Select(head => head.Number))[heads[1].Number];
        Assert.Equal((report.LogTail, report.StartedAt, report.Duration, report.Error, report.Plan), (read.LogTail, read.StartedAt, read.Duration, read.Error, read.Plan));
        Assert.Equal(report.Resources, read.Resources);
    }

    [Fact]
    public void Clients_are_found_by_name_in_any_case()
    {
        foreach (string client in (string[])["web1", "web2", "db1"])
            Add("a=Changed", client: client);
        Assert.Equal(["db1", "web1"], Store.Heads(["WEB1", "db1", "'; DROP TABLE reports"]).Select(head => head.Client));
    }

    [Fact]
    public void What_changes_after_the_same_plan_was_applied_with_success_has_drifted()
    {
        Assert.Null(Add("a=Changed b=Changed"));
        Assert.False(Add("a=Unchanged b=Unchanged"));
        Assert.True(Add("a=Changed b=Unchanged"));
        Assert.True(Add("a=WouldChange b=Unchanged", dryRun: true));
        Assert.False(Add("a=Unchanged b=Unchanged"));
    }

    [Fact]
    public void A_run_that_failed_or_only_asked_is_no_success_to_compare_with()
    {
        Assert.Null(Add("a=WouldChange b=WouldChange", dryRun: true));
        Assert.Null(Add("a=Changed b=Failed"));
        Assert.Null(Add("a=Unchanged b=Changed"));
        // It failed with the same plan: what was there before stands all the same.
        Assert.Null(Add("a=Unchanged b=Failed"));
        Assert.True(Add("a=Unchanged b=Changed"));
    }

    [Fact]
    public void Another_plan_or_version_or_machine_in_between_is_no_drift()
    {
        Assert.Null(Add("a=Changed b=Unchanged"));
        Assert.Null(Add("a=Changed b=Unchanged", plan: SampleReport.PlanB));
        Assert.Null(Add("a=Changed b=Unchanged"));
        Assert.True(Add("a=Changed b=Unchanged"));
        // By halves even: what the other plan did by then is undone now.
        Assert.Null(Add("a=Failed b=Changed", plan: SampleReport.PlanB));
        Assert.Null(Add("a=Changed b=Unchanged"));
        Assert.Null(Add("a=Changed b=Unchanged", version: "1.0.1"));
        Assert.Null(Add("a=Changed b=Unchanged", plan: null));
        Assert.Null(Add("a=Changed b=Unchanged"));
        // The same name on a machine that was built anew.
        Assert.Null(Add("a=Changed b=Changed", key: NewKey()));
        // A question leaves no trace.
        Assert.Null(Add("a=Changed b=Unchanged"));
        Assert.Null(Add("a=WouldChange b=Unchanged", plan: SampleReport.PlanB, dryRun: true));
        Assert.True(Add("a=Changed b=Unchanged"));
    }

    [Fact]
    public void Two_steps_with_one_package_are_compared_each_with_its_own()
    {
        ProvisionReport first = SampleReport.Of("a=Changed x=Unchanged"), second = SampleReport.Of("b=Changed x=Unchanged");
        Store.Add([new ReceivedReports("web1", Key, "j1", [first, second])], Now);
        Store.Add([new ReceivedReports("web1", Key, "j2", [SampleReport.Of("a=Unchanged x=Unchanged"), second])], Now);

        Assert.Equal([true, false, null, null], Store.Heads(null).Select(head => head.Drift));
    }

    [Fact]
    public void What_comes_late_takes_the_place_of_what_says_that_the_run_was_lost()
    {
        Lose("j1");
        Add("a=Changed", package: "mail");
        long[] numbers = [.. Store.Heads(null).Select(head => head.Number)];
        ProvisionReport late = SampleReport.Of("a=Changed b=Unchanged") with { LogTail = "the log" };

        Store.Replace([new ReceivedReports("WEB1", Key, "j1", [late, SampleReport.Of("c=Failed", package: "db")])], Now.AddHours(1));

        StoredReport[] heads = [.. Store.Heads(null)];
        Assert.Equal(numbers, heads.Select(head => head.Number));
        Assert.Equal(["mail Changed", "db Failed", "web Changed"], heads.Select(head => $"{head.Package} {head.Status}"));
        Assert.Equal([(null, Now), (null, Now.AddHours(1)), ((bool?)null, Now.AddHours(1))], heads.Select(head => (head.Drift, head.ReceivedAt)));
        IReadOnlyDictionary<long, ProvisionReport> texts = Store.Texts(numbers);
        Assert.Equal(("the log", SampleReport.PlanA, 1), (texts[numbers[2]].LogTail, texts[numbers[2]].Plan, texts[numbers[2]].Changed));
    }

    [Fact]
    public void Of_what_comes_late_nothing_is_taken_but_what_was_lost_of_the_same_client_and_job_and_package()
    {
        Lose("j1");
        Add("a=Changed");
        string last = Store.Heads(null).First().Job;
        ProvisionReport web = SampleReport.Of("a=Failed"), db = SampleReport.Of("a=Failed", package: "db");
        foreach (ReceivedReports foreign in (ReceivedReports[])
        [
            new("web1", NewKey(), "j1", [web, db]), new("web2", Key, "j1", [web, db]), new("web1", Key, "j2", [web, db]), new("web1", Key, last, [web, db]),
            new("web1", Key, "j1", [db, web]), new("web1", Key, "j1", []),
        ])
        {
            Store.Replace([foreign], Now);
        }

        Assert.Equal(["web Changed", "db Lost", "web Lost"], Store.Heads(null).Select(head => $"{head.Package} {head.Status}"));

        // It spoke of one of two steps: so it has spoken of its run, and says no more of it. What is more than there was is left out.
        Store.Replace([new ReceivedReports("web1", Key, "j1", [web])], Now);
        Store.Replace([new ReceivedReports("web1", Key, "j1", [SampleReport.Of("a=Changed"), db, SampleReport.Of("a=Changed", package: "more")])], Now);
        Assert.Equal(["web Changed", "db Lost", "web Failed"], Store.Heads(null).Select(head => $"{head.Package} {head.Status}"));
    }

    [Fact]
    public void A_plan_that_the_lost_run_was_not_given_counts_for_none()
    {
        Lose("j1");

        Store.Replace([new ReceivedReports("web1", Key, "j1", [SampleReport.Of("a=Changed", SampleReport.PlanB), SampleReport.Of("a=Changed", package: "db")])], Now);

        Assert.Equal([SampleReport.PlanA, null], Store.Texts(Store.Heads(null).Select(head => head.Number)).OrderByDescending(text => text.Key).Select(text => text.Value.Plan));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("web", false)]
    [InlineData("mail", false)]
    public void What_comes_late_is_what_later_runs_are_compared_with_unless_a_newer_one_came_first(string? newer, bool compared)
    {
        Add("a=Changed b=Unchanged");
        Lose("j1");
        if (newer is not null)
            Add("a=Unchanged b=WouldChange", package: newer, dryRun: true);

        Store.Replace([new ReceivedReports("web1", Key, "j1", [SampleReport.Of("a=Changed b=Unchanged"), SampleReport.Of("c=Changed d=Failed", package: "db")])], Now);

        Assert.Equal(compared ? true : null, Add("a=Changed b=Unchanged"));
        // It failed, and is nothing to compare with.
        Store.Add([new ReceivedReports("web1", Key, "j2", [SampleReport.Of("a=Unchanged b=Unchanged"), SampleReport.Of("c=Changed d=Unchanged", package: "db")])], Now);
        Assert.Null(Store.Heads(null).First().Drift);
    }

    [Fact]
    public void What_a_dry_run_says_late_leaves_no_trace_but_itself()
    {
        Add("a=Changed b=Unchanged");
        Lose("j1", dryRun: true);

        Store.Replace([new ReceivedReports("web1", Key, "j1", [SampleReport.Of("a=WouldChange b=Unchanged", SampleReport.PlanA, dryRun: true)])], Now);

        Assert.Equal([ProvisionStatus.Lost, ProvisionStatus.WouldChange, ProvisionStatus.Changed], Store.Heads(null).Select(head => head.Status));
        Assert.True(Add("a=Changed b=Unchanged"));
    }

    [Fact]
    public void Reports_go_when_they_are_too_old_and_then_the_oldest_of_each_client_and_package()
    {
        for (int day = 0; day < 30; day++)
        {
            Add("a=Unchanged b=Unchanged", at: Now.AddDays(day));
            Add("a=Unchanged b=Unchanged", package: "db", at: Now.AddDays(day));
        }

        Add("a=Unchanged", client: "old", at: Now.AddDays(-300));
        var limits = new ProvisioningLimits { ReportKeep = TimeSpan.FromDays(20), ReportsOfEach = 7, ReportPruneBatch = 4 };

        Assert.Equal(61 - 14, Store.Prune(limits, Now.AddDays(30)));

        Assert.Equal(Enumerable.Range(23, 7).Select(day => Now.AddDays(day)).Reverse(), Store.Heads(null).Where(head => head.Package == "web").Select(head => head.ReceivedAt));
        Assert.Equal(0, Store.Prune(limits, Now.AddDays(30)));
        // What was applied long ago is still known, for there are reports of it.
        Assert.True(Add("a=Changed b=Unchanged"));
        // And of the client that has none any more nothing is.
        Assert.Null(Add("a=Changed b=Unchanged", client: "old"));
    }

    [Fact]
    public void A_baseline_outlives_the_runs_that_made_it_while_dry_runs_follow()
    {
        Add("a=Changed b=Changed");
        for (int run = 0; run < 20; run++)
            Add("a=Unchanged b=Unchanged", dryRun: true);
        Store.Prune(new ProvisioningLimits { ReportsOfEach = 5 }, Now);

        Assert.Equal(5, Store.Heads(null).Count());
        Assert.True(Add("a=WouldChange b=Unchanged", dryRun: true));
    }

    [Fact]
    public void The_oldest_reports_go_until_the_rest_is_small_enough()
    {
        for (int number = 0; number < 20; number++)
        {
            // Random text does not shrink.
            ProvisionReport report = SampleReport.Of("a=Changed") with { LogTail = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4000)) };
            Store.Add([new ReceivedReports("web1", Key, $"j{number}", [report])], Now.AddMinutes(number));
        }

        int removed = Store.Prune(new ProvisioningLimits { AllReportsBytes = 50_000, ReportPruneBatch = 3 }, Now);

        Assert.InRange(removed, 8, 14);
        Assert.Equal(Enumerable.Range(removed, 20 - removed).Select(number => $"j{number}").Reverse(), Store.Heads(null).Select(head => head.Job));
    }

    // A run of two packages that left no reports.
    private void Lose(string job, bool dryRun = false) => Store.Add(
        [
            new ReceivedReports("web1", Key, job,
                [.. ((string[])["web", "db"]).Select(package => SampleReport.Of("", package: package, dryRun: dryRun) with { Status = ProvisionStatus.Lost })], MayHaveApplied: !dryRun),
        ],
        Now);

    private bool? Add(
        string resources, string? plan = "", string client = "web1", string package = "web", bool dryRun = false, string version = "1.0.0", PublicKey? key = null, DateTimeOffset? at = null)
    {
        Store.Add([new ReceivedReports(client, key ?? Key, $"job{_jobs++}", [SampleReport.Of(resources, plan, package, dryRun, version)])], at ?? Now);
        return Store.Heads(null).First().Drift;
    }
}
