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

    private bool? Add(
        string resources, string? plan = "", string client = "web1", string package = "web", bool dryRun = false, string version = "1.0.0", PublicKey? key = null, DateTimeOffset? at = null)
    {
        Store.Add([new ReceivedReports(client, key ?? Key, $"job{_jobs++}", [SampleReport.Of(resources, plan, package, dryRun, version)])], at ?? Now);
        return Store.Heads(null).First().Drift;
    }
}
