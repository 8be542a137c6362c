using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Provisioning.Reports;
using Pantry.Provisioning.Resolution;
using Pantry.Security;
using Pantry.Server.Jobs;
using Pantry.Server.Provisioning;
using Pantry.Storage;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Provisioning.Reports;
using static Pantry.Tests.Storage.StorageRoot;

namespace Pantry.Tests.Storage;

/// <summary>Reports are taken out of rows in the order in which these came, by the plan that the server gave.</summary>
public sealed class ReportTakerTests : IAsyncDisposable
{
    private static readonly PublicKey Key = NewKey();

    private readonly StorageRoot _root = new();
    private readonly ServerDatabase _database;
    private readonly ProvisioningDatabase _provisioning;
    private readonly JobStore _jobs;

    public ReportTakerTests()
    {
        _database = _root.Open();
        _provisioning = ProvisioningDatabase.Open(_database);
        _jobs = JobStore.Open(_database);
    }

    public async ValueTask DisposeAsync()
    {
        await _jobs.DisposeAsync();
        _provisioning.Dispose();
        _database.Dispose();
        _root.Dispose();
    }

    [Fact]
    public async Task A_job_that_was_given_first_and_ends_last_has_the_last_report()
    {
        await _jobs.AddAsync(NewJob("early"));
        await _jobs.AddAsync(NewJob("late"));
        await AddRowAsync("late", SampleReport.Of("a=Changed"));
        await AddRowAsync("early", SampleReport.Of("a=Unchanged"));

        await TakeAsync();

        Assert.Equal(["early", "late"], _provisioning.Reports.Heads(null).Select(head => head.Job));
    }

    [Fact]
    public async Task A_plan_that_the_client_was_not_given_counts_for_none()
    {
        foreach (string job in (string[])["true", "false", "unknown"])
            await _jobs.AddAsync(NewJob(job));
        foreach (string job in (string[])["true", "false"])
            _provisioning.Pins.Add(job, new Dictionary<string, string> { ["web1"] = SampleReport.PlanB }, new Dictionary<string, byte[]> { [SampleReport.PlanB] = [1] });
        await AddRowAsync("true", SampleReport.Of("a=Changed", SampleReport.PlanB));
        await AddRowAsync("false", SampleReport.Of("a=Changed"));
        await AddRowAsync("unknown", SampleReport.Of("a=Changed"));

        await TakeAsync();

        StoredReport[] heads = [.. _provisioning.Reports.Heads(null)];
        IReadOnlyDictionary<long, ProvisionReport> texts = _provisioning.Reports.Texts(heads.Select(head => head.Number));
        Dictionary<string, string?> plans = heads.ToDictionary(head => head.Job, head => texts[head.Number].Plan);
        Assert.Equal((SampleReport.PlanB, null), (plans["true"], plans["false"]));
        Assert.NotNull(plans["unknown"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_run_that_left_no_report_has_one_that_says_that_it_is_lost_for_each_step_of_its_plan(bool dryRun)
    {
        WrittenPlan plan = Plan("web", "db");
        foreach (string job in (string[])["before", "lost", "after"])
        {
            await _jobs.AddAsync(NewJob(job));
            _provisioning.Pins.Add(job, new Dictionary<string, string> { ["web1"] = plan.Digest }, new Dictionary<string, byte[]> { [plan.Digest] = plan.Bytes });
        }

        await AddRowAsync("before", SampleReport.Of("a=Changed b=Unchanged", plan.Digest));
        await AddRowAsync("lost", Result.WithoutRun("lost", CommandStatus.Offline, "WentOffline", "It went\aaway."), [], dryRun);
        await AddRowAsync("after", SampleReport.Of("a=Changed b=Unchanged", plan.Digest));

        await TakeAsync();

        StoredReport[] heads = [.. _provisioning.Reports.Heads(null)];
        Assert.Equal(["after web Changed", "lost db Lost", "lost web Lost", "before web Changed"], heads.Select(head => $"{head.Job} {head.Package} {head.Status}"));
        IReadOnlyDictionary<long, ProvisionReport> texts = _provisioning.Reports.Texts(heads.Select(head => head.Number));
        ProvisionReport lost = texts[heads[1].Number];
        Assert.Equal(("db", "1.0.0", "script", plan.Digest, dryRun, "WentOffline"), (lost.Package, lost.Version, lost.Kind, lost.Plan, lost.DryRun, lost.Error!.Code));
        Assert.Matches(@"\ANo report of this run came, and it is not known how far it got\. It went.away\.\z", lost.Error.Message);
        Assert.DoesNotContain('\a', lost.Error.Message);
        Assert.Null(heads[1].Drift);
        // A question changes nothing; of a run nobody knows what it did.
        Assert.Equal(dryRun ? true : null, heads[0].Drift);
    }

    [Fact]
    public async Task A_row_that_is_no_report_is_a_lost_run_and_one_whose_plan_is_gone_only_ends_what_was_known()
    {
        WrittenPlan plan = Plan("web");
        foreach (string job in (string[])["torn", "bare", "odd"])
            await _jobs.AddAsync(NewJob(job));
        _provisioning.Pins.Add("torn", new Dictionary<string, string> { ["web1"] = plan.Digest }, new Dictionary<string, byte[]> { [plan.Digest] = plan.Bytes });
        _provisioning.Pins.Add("odd", new Dictionary<string, string> { ["web1"] = SampleReport.PlanB }, new Dictionary<string, byte[]> { [SampleReport.PlanB] = [1] });
        foreach (string job in (string[])["torn", "bare", "odd"])
            await AddRowAsync(job, new Result(job, CommandStatus.Succeeded, 0, null, BodyFormat.Json, null, false, null, TimeSpan.Zero), "[{"u8.ToArray(), dryRun: false);

        await TakeAsync();

        StoredReport head = Assert.Single(_provisioning.Reports.Heads(null));
        Assert.Equal(("torn", ProvisionStatus.Lost), (head.Job, head.Status));
        Assert.Equal("NoReport", _provisioning.Reports.Texts([head.Number])[head.Number].Error!.Code);
    }

    [Fact]
    public async Task A_client_cannot_say_of_itself_that_its_run_was_lost()
    {
        await _jobs.AddAsync(NewJob("job"));
        await AddRowAsync("job", SampleReport.Of("a=Changed") with { Status = ProvisionStatus.Lost });

        await TakeAsync();

        Assert.Equal(ProvisionStatus.Failed, Assert.Single(_provisioning.Reports.Heads(null)).Status);
    }

    [Fact]
    public async Task What_a_client_says_late_is_in_the_history_when_it_is_told_that_it_need_not_keep_it()
    {
        await LoseAsync("job", Result.WithoutRun("job", CommandStatus.Lost, "NoResult", "Nothing came."));
        // Plans are forgotten when their jobs have ended; that the run was lost says which it was.
        await TakeAsync();
        _provisioning.Pins.Remove(["job"]);
        await using ReportTaker taker = Taker();

        await LateAsync(taker, "job", SampleReport.Of("a=Changed", Plan("web").Digest));

        StoredReport head = Assert.Single(_provisioning.Reports.Heads(null));
        Assert.Equal(("job", ProvisionStatus.Changed), (head.Job, head.Status));
        Assert.Equal(Plan("web").Digest, _provisioning.Reports.Texts([head.Number])[head.Number].Plan);
    }

    [Fact]
    public async Task A_run_whose_row_is_not_taken_yet_is_lost_first_and_told_of_then()
    {
        await using ReportTaker taker = Taker();
        await LoseAsync("job", Result.WithoutRun("job", CommandStatus.Lost, "NoResult", "Nothing came."));

        await LateAsync(taker, "job", SampleReport.Of("a=Changed"));

        Assert.Equal(ProvisionStatus.Changed, Assert.Single(_provisioning.Reports.Heads(null)).Status);
    }

    [Fact]
    public async Task A_client_does_not_change_what_it_said_itself_and_of_jobs_that_are_gone_it_says_nothing()
    {
        await LoseAsync("own", new Result("own", CommandStatus.Cancelled, null, null, BodyFormat.None, null, false, DateTimeOffset.UtcNow, TimeSpan.Zero));
        await TakeAsync();
        await using ReportTaker taker = Taker();

        foreach (string job in (string[])["own", "gone"])
            await LateAsync(taker, job, SampleReport.Of("a=Changed"));

        Assert.Equal(ProvisionStatus.Lost, Assert.Single(_provisioning.Reports.Heads(null)).Status);
    }

    private async Task TakeAsync()
    {
        await using ReportTaker taker = Taker();
        taker.TakeAll();
    }

    private ReportTaker Taker() => new(_jobs, _provisioning.Reports, _provisioning.Pins, new PantryOptions(), TimeProvider.System, NullLogger.Instance);

    private async Task LoseAsync(string job, Result result)
    {
        WrittenPlan plan = Plan("web");
        await _jobs.AddAsync(NewJob(job));
        _provisioning.Pins.Add(job, new Dictionary<string, string> { ["web1"] = plan.Digest }, new Dictionary<string, byte[]> { [plan.Digest] = plan.Bytes });
        await AddRowAsync(job, result, [], dryRun: false);
    }

    private static Task LateAsync(ReportTaker taker, string job, ProvisionReport report)
    {
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        taker.TakeLate(new LateReports("web1", Key, job, Written(report), CommandStatus.Succeeded, IsNoted: true, stored.SetResult));
        return stored.Task.WaitAsync(Fleet.Deadline);
    }

    private Task AddRowAsync(string job, ProvisionReport report) => AddRowAsync(
        job, new Result(job, CommandStatus.Succeeded, 0, null, BodyFormat.Json, null, false, null, TimeSpan.Zero), Written(report), dryRun: false);

    private static byte[] Written(ProvisionReport report) =>
        System.Text.Json.JsonSerializer.SerializeToUtf8Bytes<IReadOnlyList<ProvisionReport>>([report], ProvisionJson.Default.IReadOnlyListProvisionReport);

    private Task AddRowAsync(string job, Result result, byte[] output, bool dryRun)
    {
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _jobs.AddRow(job, new StoredRow(new ResultRow(0, "web1", null, result, [[], [], output]), Canary: false) { ReportsOf = Key, DryRun = dryRun }, (_, _) => stored.SetResult());
        return stored.Task.WaitAsync(Fleet.Deadline);
    }

    private static WrittenPlan Plan(params string[] packages) => WrittenPlan.Write(new PlanDocument
    {
        Format = PlanDocument.CurrentFormat,
        Application = "shop",
        Roles = [],
        Except = [],
        Revision = 1,
        Packages = [],
        Steps = [.. packages.Select(package => new PantryPlanStep(package, "1.0.0", "script", null))],
        Parameters = [],
        Secrets = [],
    });

    private static StoredJob NewJob(string id) => JobStoreTests.NewJob(id, "web1") with { Command = ProvisionOrders.CommandName };
}
