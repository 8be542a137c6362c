using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Pantry.Client;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Provisioning;

/// <summary>Reports from the clients that make them to the operators who ask, over real links.</summary>
public sealed class ReportTests
{
    public static bool OnWindows => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Every_run_leaves_its_report_and_the_last_one_says_what_has_drifted()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var says = new ConcurrentDictionary<string, string>();
        await AddAsync(fleet, says, "web1", "shop");
        await AddAsync(fleet, says, "web2", "shop");
        await using RemoteFleet console = await fleet.ConnectAsync();
        await RunAsync(fleet, says, "a=Changed b=Changed");
        await RunAsync(fleet, says, "a=Unchanged b=Unchanged");
        says["web2"] = "a=Changed b=Unchanged";
        string job = (await RunAsync(fleet, says))[0].Result.Job;

        Assert.Equal(["web1 False", "web2 True"], (await ListAsync(console, new ReportFilter { Last = 1 })).Select(report => $"{report.Client} {report.Drift}").Order());
        ProvisionReport drifted = Assert.Single(await ListAsync(console, new ReportFilter { Last = 1, Drift = true }));
        Assert.Equal(("web2", job, "a"), (drifted.Client, drifted.JobId, Assert.Single(drifted.Drifted).Name));
        Assert.NotNull(drifted.ReceivedAt);
        Assert.Equal(6, (await ListAsync(console, new ReportFilter())).Count);
        Assert.Equal([ProvisionStatus.Unchanged, ProvisionStatus.Unchanged], (await ListAsync(console, new ReportFilter { Last = 2, Clients = Named("WEB1") })).Select(report => report.Status));
        Assert.Equal(2, (await ListAsync(console, new ReportFilter { Jobs = [job] })).Count);
        Assert.Empty(await ListAsync(console, new ReportFilter { Jobs = ["none"] }));
        Assert.Equal(2, (await ListAsync(console, new ReportFilter { Clients = new ClientFilter { Application = "sh*" }, Packages = ["w?b"], Last = 1 })).Count);
        Assert.Empty(await ListAsync(console, new ReportFilter { Clients = new ClientFilter { Application = "mail" } }));
        Assert.Empty(await ListAsync(console, new ReportFilter { Since = DateTimeOffset.UtcNow.AddMinutes(1) }));
        Assert.Empty(await ListAsync(console, new ReportFilter { Until = DateTimeOffset.UtcNow.AddMinutes(-10) }));
        // The last run of web2 did not end so, though an earlier one did.
        Assert.Equal("web1", Assert.Single(await ListAsync(console, new ReportFilter { Last = 1, Statuses = [ProvisionStatus.Unchanged, ProvisionStatus.Failed] })).Client);
        Assert.Equal(2, (await ListAsync(console, new ReportFilter { Last = 1, Statuses = [ProvisionStatus.Unchanged, ProvisionStatus.Changed] })).Count);
        Assert.Equal(6, (await ListAsync(fleet.Server.Fleet, new ReportFilter())).Count);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Many_reports_come_in_pages_the_newest_first()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var says = new ConcurrentDictionary<string, string>();
        await AddAsync(fleet, says, "web1", "shop");
        await PlanAsync(fleet, 30);
        await RunAsync(fleet, says, "a=Changed");
        await using RemoteFleet console = await fleet.ConnectAsync();

        List<ProvisionReport> reports = await ListAsync(console, new ReportFilter { Last = 1 });

        Assert.Equal(Enumerable.Range(0, 30).Reverse().Select(number => $"web{number}"), reports.Select(report => report.Package));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task An_operator_sees_the_reports_of_clients_that_it_may_provision_and_an_administrator_those_of_clients_that_are_gone()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var says = new ConcurrentDictionary<string, string>();
        await AddAsync(fleet, says, "web1", "shop");
        await AddAsync(fleet, says, "mx1", "mail");
        ClientAgent gone = await AddAsync(fleet, says, "old", "shop");
        await RunAsync(fleet, says, "a=Changed b=Changed");
        await gone.DisposeAsync();
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, "old", null), default);
        await using RemoteFleet shop = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("shop", scopes: "shop:Provision"), options: fleet.Options);
        await using RemoteFleet other = await RemoteFleet.ConnectAsync(await fleet.AddOperatorAsync("other", scopes: "*:Shell"), options: fleet.Options);

        Assert.Equal(["web1"], (await ListAsync(shop, new ReportFilter())).Select(report => report.Client));
        Assert.Empty(await ListAsync(other, new ReportFilter()));
        Assert.Equal(["mx1", "old", "web1"], (await ListAsync(fleet.Server.Fleet, new ReportFilter())).Select(report => report.Client).Order());
        Assert.Equal(["old"], (await ListAsync(fleet.Server.Fleet, new ReportFilter { Clients = Named("ol*") })).Select(report => report.Client));
        Assert.DoesNotContain(await ListAsync(fleet.Server.Fleet, new ReportFilter { Clients = new ClientFilter { Application = "shop" } }), report => report.Client == "old");
        // Another machine takes the name, in an application of its own: what the former one left is not shown for its scope.
        await AddAsync(fleet, says, "old", "shop");
        Assert.Equal(["web1"], (await ListAsync(shop, new ReportFilter())).Select(report => report.Client));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_report_says_whether_its_version_is_the_one_that_the_plan_has_now()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var says = new ConcurrentDictionary<string, string>();
        await AddAsync(fleet, says, "web1", "shop");
        await RunAsync(fleet, says, "a=Changed");
        async Task<bool?> IsCurrent() => Assert.Single(await ListAsync(fleet.Server.Fleet, new ReportFilter())).IsCurrent;
        Assert.True(await IsCurrent());
        await PackageFolder.PublishNewAsync(fleet.Server.Fleet, "web", "2.0.0");
        Assert.False(await IsCurrent());
        await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 1), "packages: { web: ^1.0 }", default);
        Assert.True(await IsCurrent());
        await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 2), "packages: { web: '*' }", default);
        Assert.False(await IsCurrent());
        await fleet.Server.Fleet.Provisioning.RemoveApplicationAsync(new RemoveApplication("shop", 3), default);
        Assert.Null(await IsCurrent());
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task While_the_disk_refuses_reports_rows_go_on_and_afterwards_the_reports_are_there()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var says = new ConcurrentDictionary<string, string>();
        await AddAsync(fleet, says, "web1", "shop");
        using (new BrokenDisk(fleet, "INSERT ON reports", ProvisioningDatabase.FileName))
        {
            Assert.Equal(CommandStatus.Succeeded, Assert.Single(await RunAsync(fleet, says, "a=Changed")).Result.Status);
            PantryException refused = await Assert.ThrowsAsync<PantryException>(() => ListAsync(fleet.Server.Fleet, new ReportFilter()));
            Assert.Equal(PantryErrorCode.StorageFailed, refused.Code);
        }

        Assert.Single(await ListAsync(fleet.Server.Fleet, new ReportFilter()));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task What_was_due_when_the_server_ended_is_taken_when_it_is_started_again()
    {
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        var says = new ConcurrentDictionary<string, string>();
        await AddAsync(fleet, says, "web1", "shop");
        using (new BrokenDisk(fleet, "INSERT ON reports", ProvisioningDatabase.FileName))
        {
            await RunAsync(fleet, says, "a=Changed");
            await fleet.RestartServerAsync();
        }

        // Nobody asks: the server comes to it by itself.
        string file = Path.Combine(fleet.Root, "server", ProvisioningDatabase.FileName);
        await Fleet.EventuallyAsync(() => Count(file) == 1, "the report to be taken");
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_client_that_says_it_all_twice_or_lies_about_whose_it_is_leaves_one_report_of_its_own()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        using RawPeer evil = await fleet.AddRawAsync("evil", "shop");
        await PlanAsync(fleet);
        Task<List<ResultRow>> rows = fleet.RunAsync(await ProvisionJobTests.RequestAsync(fleet.Server.Fleet, Target.Clients(["evil"])));
        string job = evil.Receive(MessageKind.Order).HeadAs<Order>().Job;
        byte[] output = Encoding.UTF8.GetBytes("""[{"package":"web","version":"1.0.0","kind":"chef","client":"web1","jobId":"other","status":"Changed","changed":1}]""");
        var result = new Result(job, CommandStatus.Succeeded, 0, null, BodyFormat.Json, null, false, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(1));
        for (int time = 0; time < 2; time++)
        {
            evil.Send(new Message(MessageKind.Result, result) { Bodies = [[], [], output] });
            evil.Receive(MessageKind.ResultStored);
        }

        Assert.Single(await rows);
        ProvisionReport report = Assert.Single(await ListAsync(fleet.Server.Fleet, new ReportFilter()));
        Assert.Equal(("evil", job), (report.Client, report.JobId));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task An_output_that_is_no_list_of_reports_keeps_nobody_elses_from_being_taken()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        var says = new ConcurrentDictionary<string, string>();
        await AddAsync(fleet, says, "web2", "shop");
        using RawPeer evil = await fleet.AddRawAsync("evil", "shop");

        Task<List<ResultRow>> rows = RunAsync(fleet, says, "a=Changed");
        string job = (await Task.Run(() => evil.Receive(MessageKind.Order))).HeadAs<Order>().Job;
        var result = new Result(job, CommandStatus.Succeeded, 0, null, BodyFormat.Json, null, false, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(1));
        evil.Send(new Message(MessageKind.Result, result) { Bodies = [[], [], "[\"no report\"]"u8.ToArray()] });
        await rows;

        Assert.Equal(["evil Lost", "web2 Changed"], (await ListAsync(fleet.Server.Fleet, new ReportFilter())).Select(report => $"{report.Client} {report.Status}").Order());
    }

    private static long Count(string file)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        return (long)connection.Ask("SELECT count(*) FROM reports")!;
    }

    private static ClientFilter Named(params string[] names) => new() { Identities = names };

    private static async Task<List<ProvisionReport>> ListAsync(IFleet fleet, ReportFilter filter)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        return await fleet.Provisioning.FindReportsAsync(filter, deadline.Token).ToListAsync(deadline.Token);
    }

    private static async Task<List<ResultRow>> RunAsync(Fleet fleet, ConcurrentDictionary<string, string> says, string? all = null)
    {
        foreach (string client in says.Keys)
        {
            says[client] = all ?? says[client];
            await File.WriteAllTextAsync(Said(fleet, client), Report(says[client]));
        }

        await PlanAsync(fleet);
        return await fleet.RunAsync(await ProvisionJobTests.RequestAsync(fleet.Server.Fleet, Target.All));
    }

    // Scripts that report what the test says.
    private static async Task PlanAsync(Fleet fleet, int packages = 1)
    {
        if (await fleet.Server.Fleet.Provisioning.FindApplicationsAsync(new ApplicationFilter(), default).CountAsync() > 0)
            return;
        string[] names = packages == 1 ? ["web"] : [.. Enumerable.Range(0, packages).Select(number => $"web{number}")];
        using PackageFolder folder = ProvisionJobTests.Script($"cat '{Said(fleet, "")}'\"$PANTRY_IDENTITY\" > \"$PANTRY_REPORT\"\n");
        foreach (string name in names)
            await folder.PublishAsync(fleet.Server.Fleet, name, "1.0.0");
        foreach (string application in (string[])["shop", "mail"])
        {
            await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(
                new SaveApplication(application, 0), $"packages: {{ {string.Join(", ", names.Select(name => $"{name}: '*'"))} }}", default);
        }
    }

    private static string Said(Fleet fleet, string client) => Path.Combine(fleet.Root, $"said-{client}");

    /// <param name="resources">Resources as <c>name=Status</c>.</param>
    private static string Report(string resources) => JsonSerializer.Serialize(new
    {
        resources = resources.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(one => one.Split('='))
            .Select(words => new { type = "file", name = words[0], status = words[1].ToLowerInvariant() }),
    });

    private static Task<ClientAgent> AddAsync(Fleet fleet, ConcurrentDictionary<string, string> says, string identity, string application)
    {
        says[identity] = "";
        return fleet.AddAsync(identity, application);
    }
}
