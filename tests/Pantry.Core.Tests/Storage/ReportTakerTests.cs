using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Provisioning.Reports;
using Pantry.Security;
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

    private async Task TakeAsync()
    {
        await using var taker = new ReportTaker(_jobs, _provisioning.Reports, _provisioning.Pins, new PantryOptions(), TimeProvider.System, NullLogger.Instance);
        taker.TakeAll();
    }

    private Task AddRowAsync(string job, ProvisionReport report)
    {
        var stored = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        byte[] output = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes<IReadOnlyList<ProvisionReport>>([report], ProvisionJson.Default.IReadOnlyListProvisionReport);
        var result = new Result(job, CommandStatus.Succeeded, 0, null, BodyFormat.Json, null, false, null, TimeSpan.Zero);
        _jobs.AddRow(job, new StoredRow(new ResultRow(0, "web1", null, result, [[], [], output]), Canary: false) { ReportsOf = Key }, (_, _) => stored.SetResult());
        return stored.Task.WaitAsync(Fleet.Deadline);
    }

    private static StoredJob NewJob(string id) => JobStoreTests.NewJob(id, "web1") with { Command = ProvisionOrders.CommandName };
}
