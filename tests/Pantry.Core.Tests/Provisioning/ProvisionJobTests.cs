using System.Globalization;
using System.Text;
using System.Text.Json;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Provisioning.Reports;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.Commands;
using Pantry.Tests.EndToEnd;

namespace Pantry.Tests.Provisioning;

/// <summary>Clients are brought to their plans by orders, over real sockets: what is signed is applied, and nothing else is fetched.</summary>
public sealed class ProvisionJobTests
{
    public static bool OnWindows => OperatingSystem.IsWindows();

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_client_gets_what_its_plan_says_and_the_second_time_nothing_travels()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        string there = Path.Combine(fleet.Root, "motd");
        using PackageFolder folder = Script($"cat \"$PANTRY_PARAMETERS\" > {there}\n");
        await folder.PublishAsync(console, "motd", "1.0.0");
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { motd: '*' }\nparameters: { greeting: hello }", default);
        await fleet.AddAsync("web1", "shop");

        ResultRow first = Assert.Single(await ProvisionAsync(console, fleet, Target.OfLabels("shop", null, null)));
        Assert.Equal((CommandStatus.Succeeded, null), (first.Result.Status, first.Result.Error?.Message));
        ProvisionReport report = Assert.Single(Reports(first));
        Assert.Equal(("motd", "1.0.0", ProvisionStatus.Changed), (report.Package, report.Version, report.Status));
        Assert.Equal(Assert.Single(await console.Provisioning.FindPlansAsync(new ClientFilter(), default).ToListAsync()).Digest, report.Plan);
        Assert.Equal("hello", JsonDocument.Parse(File.ReadAllText(there)).RootElement.GetProperty("greeting").GetString());

        ResultRow second = Assert.Single(await ProvisionAsync(console, fleet, Target.OfLabels("shop", null, null)));
        Assert.Equal("motd 1.0.0: is here; 0 bytes were fetched.\n", Fleet.Text(second));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Of_a_new_version_only_the_changed_chunks_travel_and_what_is_not_in_it_goes()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        byte[] large = new byte[3 * 1024 * 1024];
        new Random(5).NextBytes(large);
        using PackageFolder folder = Script("ls > \"$PANTRY_REPORT.list\"; echo unchanged > \"$PANTRY_REPORT\"\n").With("data.bin", large).With("old.txt", "old");
        await folder.PublishAsync(fleet.Server.Fleet, "web", "1.0.0");
        await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }", default);
        ClientAgent client = await fleet.AddAsync("web1", "shop");
        await using RemoteFleet console = await fleet.ConnectAsync();

        Assert.InRange(Fetched(Assert.Single(await ProvisionAsync(console, fleet, Target.All))), large.Length, large.Length + 1024);
        large[1_500_000] ^= 1;
        File.Delete(Path.Combine(folder.Path, "old.txt"));
        await folder.With("data.bin", large).PublishAsync(fleet.Server.Fleet, "web", "1.1.0");
        ResultRow row = Assert.Single(await ProvisionAsync(console, fleet, Target.All));

        Assert.InRange(Fetched(row), 1, 1024 * 1024);
        Assert.Equal(ProvisionStatus.Unchanged, Assert.Single(Reports(row)).Status);
        string there = Path.Combine(client.Configuration.Path, "packages", "web");
        Assert.Equal(large, File.ReadAllBytes(Path.Combine(there, "1.1.0", "data.bin")));
        Assert.True(File.Exists(Path.Combine(there, "1.0.0", "old.txt")));
        Assert.False(File.Exists(Path.Combine(there, "1.1.0", "old.txt")));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_package_that_was_changed_on_the_client_is_put_right_before_it_is_applied_and_that_is_said()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        // A tool that writes into its own package.
        using PackageFolder folder = Script("cat data.txt lib/x > \"$PANTRY_REPORT.seen\"; cat data.txt; echo leftover > left; echo unchanged > \"$PANTRY_REPORT\"\n").With("data.txt", "right").With("lib/x", "x");
        await folder.PublishAsync(console, "web", "1.0.0");
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }", default);
        ClientAgent client = await fleet.AddAsync("web1", "shop");
        await ProvisionAsync(console, fleet, Target.All);
        string there = Path.Combine(client.Configuration.Path, "packages", "web", "1.0.0");
        File.WriteAllText(Path.Combine(there, "data.txt"), "wrong");

        ResultRow row = Assert.Single(await ProvisionAsync(console, fleet, Target.All));
        Assert.Contains("was changed on this machine after it was fetched (1 files were not what they must be, 1 were too many), and was put right", Fleet.Text(row), StringComparison.Ordinal);
        Assert.Contains("was changed on this machine", Assert.Single(Reports(row)).LogTail, StringComparison.Ordinal);
        Assert.Contains("right", Assert.Single(Reports(row)).LogTail, StringComparison.Ordinal);

        // Something that cannot be written over, and a link that leads elsewhere.
        string elsewhere = Path.Combine(fleet.Root, "elsewhere");
        Directory.CreateDirectory(elsewhere);
        File.WriteAllText(Path.Combine(elsewhere, "x"), "mine");
        Directory.Delete(Path.Combine(there, "lib"), recursive: true);
        Directory.CreateSymbolicLink(Path.Combine(there, "lib"), elsewhere);
        Assert.Equal(CommandStatus.Succeeded, Assert.Single(await ProvisionAsync(console, fleet, Target.All)).Result.Status);
        Assert.Equal("x", File.ReadAllText(Path.Combine(there, "lib", "x")));
        Assert.Equal("mine", File.ReadAllText(Path.Combine(elsewhere, "x")));
    }

    [Theory(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    [InlineData("packages/web/1.0.0")]
    [InlineData("packages/web")]
    public async Task A_link_in_the_place_of_a_package_goes_and_the_package_itself_is_applied(string place)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        using PackageFolder folder = Script("cat data.txt; echo unchanged > \"$PANTRY_REPORT\"\n").With("data.txt", "right");
        await folder.PublishAsync(console, "web", "1.0.0");
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }", default);
        ClientAgent client = await fleet.AddAsync("web1", "shop");
        await ProvisionAsync(console, fleet, Target.All);
        string link = Path.Combine(client.Configuration.Path, place), elsewhere = Path.Combine(fleet.Root, "elsewhere");
        Directory.CreateDirectory(Path.Combine(elsewhere, "1.0.0"));
        File.WriteAllText(Path.Combine(elsewhere, "1.0.0", "data.txt"), "mine");
        Directory.Delete(link, recursive: true);
        Directory.CreateSymbolicLink(link, elsewhere);

        ResultRow row = Assert.Single(await ProvisionAsync(console, fleet, Target.All));

        Assert.Equal((CommandStatus.Succeeded, null), (row.Result.Status, row.Result.Error?.Message));
        Assert.Contains("right", Assert.Single(Reports(row)).LogTail, StringComparison.Ordinal);
        Assert.Null(new DirectoryInfo(link).LinkTarget);
        Assert.Equal("mine", File.ReadAllText(Path.Combine(elsewhere, "1.0.0", "data.txt")));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Versions_that_no_run_has_used_for_long_leave_the_client_and_those_of_the_plan_stay()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        using PackageFolder folder = Script("echo unchanged > \"$PANTRY_REPORT\"\n");
        await folder.PublishAsync(console, "web", "1.0.0");
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }", default);
        ClientAgent client = await fleet.AddAsync("web1", "shop");
        await ProvisionAsync(console, fleet, Target.All);
        await folder.With("more", "more").PublishAsync(console, "web", "1.1.0");
        await ProvisionAsync(console, fleet, Target.All);
        string there = Path.Combine(client.Configuration.Path, "packages", "web");
        Assert.Equal(["1.0.0", "1.1.0"], Directory.EnumerateDirectories(there).Select(Path.GetFileName).Order());

        foreach (string held in Directory.EnumerateFiles(Path.Combine(client.Configuration.Path, "package-trees")))
            File.SetLastWriteTimeUtc(held, DateTime.UtcNow.AddDays(-31));
        await ProvisionAsync(console, fleet, Target.All);

        Assert.Equal(["1.1.0"], Directory.EnumerateDirectories(there).Select(Path.GetFileName));
        Assert.Single(Directory.EnumerateFiles(Path.Combine(client.Configuration.Path, "package-trees")));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task What_was_signed_is_applied_though_the_application_moves_and_the_server_is_restarted_meanwhile()
    {
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        string seen = Path.Combine(fleet.Root, "seen");
        using PackageFolder one = Script($"echo one >> {seen}\n"), two = Script($"echo two >> {seen}\n");
        await one.PublishAsync(fleet.Server.Fleet, "web", "1.0.0");
        await two.PublishAsync(fleet.Server.Fleet, "web", "2.0.0");
        await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: 1.0.0 }", default);
        ClientConfiguration away = await fleet.ConfigurationAsync("web1", "shop");
        await (await fleet.StartAsync(away)).DisposeAsync();
        JobRequest request = await RequestAsync(fleet.Server.Fleet, Target.Clients(["web1"]));
        IJob job = await fleet.Server.Fleet.StartJobAsync(request with { Plan = new RolloutPlan { Queue = true } }, default);
        fleet.Server.Provisioning.Pins.Prune();

        // Nothing of it may be taken away but by force, and then the job still has it.
        await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 1), "packages: { web: 2.0.0 }", default);
        var used = await Assert.ThrowsAsync<PantryException>(() => fleet.Server.Fleet.Provisioning.RemovePackageAsync(new RemovePackage("web", "1.0.0", false), default));
        Assert.Equal(PantryErrorCode.PackageInUse, used.Code);
        Assert.Contains(job.Id, used.Message, StringComparison.Ordinal);
        await fleet.Server.Fleet.Provisioning.RemovePackageAsync(new RemovePackage("web", "1.0.0", true), default);
        await fleet.RestartServerAsync();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(fleet.Server.Configuration.Path, "files", "blobs"), "*", SearchOption.AllDirectories))
            File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-30));
        fleet.Server.Files.Register.Forget(DateTimeOffset.UtcNow.AddDays(1), _ => false);
        fleet.Server.Files.Collect(_ => false);

        await fleet.StartAsync(away);
        IJob followed = await fleet.Server.Fleet.OpenJobAsync(job.Id, 0, default);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        ResultRow row = await followed.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal((CommandStatus.Succeeded, null), (row.Result.Status, row.Result.Error?.Message));
        Assert.Equal("one\n", File.ReadAllText(seen));

        // Once the job is over, nothing of it is kept for it.
        Assert.Empty(fleet.Server.Provisioning.Pins.Wanted());
        Assert.Equal(2, fleet.Server.Files.Collect(_ => false).Count);
        fleet.Server.Provisioning.Pins.Prune();
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(fleet.Server.Configuration.Path, ProvisioningDatabase.FileName)};Pooling=False");
        connection.Open();
        Assert.Equal(0L, connection.Ask("SELECT (SELECT count(*) FROM plans) + (SELECT count(*) FROM pins)"));
    }

    [Fact]
    public async Task A_plan_that_changed_since_it_was_signed_is_refused_and_nothing_is_sent()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        await PackageFolder.PublishNewAsync(here, "web", "1.0.0");
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }", default);
        await fleet.AddAsync("web1", "shop");
        JobRequest request = await RequestAsync(here, Target.All);

        await PackageFolder.PublishNewAsync(here, "web", "1.1.0");
        var changed = await Assert.ThrowsAsync<PantryException>(() => here.StartJobAsync(request, default));
        Assert.Equal((PantryErrorCode.PlanChanged, "web1"), (changed.Code, changed.Target));
        Assert.Contains("run it again", changed.Message, StringComparison.Ordinal);
        Assert.Empty(await here.FindJobsAsync(new JobFilter(), default).ToListAsync());

        // Labels are part of it too.
        request = await RequestAsync(here, Target.All);
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 1), "packages: { web: '*' }\nidentities: { web1: { parameters: { a: 1 } } }", default);
        Assert.Equal(PantryErrorCode.PlanChanged, (await Assert.ThrowsAsync<PantryException>(() => here.StartJobAsync(request, default))).Code);
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_client_without_a_plan_gets_a_row_that_says_why_and_the_others_go_on()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        using PackageFolder folder = Script("echo unchanged > \"$PANTRY_REPORT\"\n");
        await folder.PublishAsync(console, "web", "1.0.0");
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }\nenvironments: { test: { packages: { web: ^9 } } }", default);
        await fleet.AddAsync("good", "shop", "live");
        await fleet.AddAsync("torn", "shop", "test");
        await fleet.AddAsync("lonely");

        Dictionary<string, ResultRow> rows = (await ProvisionAsync(console, fleet, Target.Clients(["good", "torn", "lonely", "nobody"]))).ToDictionary(row => row.Client);
        Assert.Equal(CommandStatus.Succeeded, rows["good"].Result.Status);
        Assert.Equal((CommandStatus.Failed, "PackageConflict"), (rows["torn"].Result.Status, rows["torn"].Result.Error!.Code));
        Assert.Equal((CommandStatus.Failed, "NoMatchingApplication"), (rows["lonely"].Result.Status, rows["lonely"].Result.Error!.Code));
        Assert.Equal(CommandStatus.Unknown, rows["nobody"].Result.Status);
        var none = await Assert.ThrowsAsync<PantryException>(() => RequestAsync(console, Target.Clients(["torn", "lonely"])));
        Assert.Equal(PantryErrorCode.NoMatchingApplication, none.Code);
        Assert.Contains("None of 2 clients has a plan, so nothing was sent.", none.Message, StringComparison.Ordinal);
    }

    [Theory(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_without_a_plan_holds_no_rollout_up(bool quorum)
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        using PackageFolder folder = Script("echo unchanged > \"$PANTRY_REPORT\"\n");
        await folder.PublishAsync(console, "web", "1.0.0");
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }\nenvironments: { test: { packages: { web: ^9 } } }", default);
        foreach (string identity in (string[])["web1", "web2", "web3"])
            await fleet.AddAsync(identity, "shop", "live");
        await fleet.AddAsync("torn", "shop", "test");
        await fleet.AddAsync("lonely");
        JobRequest request = await RequestAsync(console, Target.All);

        List<ResultRow> rows = await fleet.RunAsync(
            request with
            {
                Plan = quorum
                    ? new RolloutPlan { Quorum = new Share(100, IsPercent: true) }
                    : new RolloutPlan { Canary = new Share(1), BatchSize = new Share(10, IsPercent: true), MaxFailure = new Share(0) },
            },
            console);

        Assert.Equal(
            ["lonely NoMatchingApplication", "torn PackageConflict", "web1 ", "web2 ", "web3 "], rows.Select(row => $"{row.Client} {row.Result.Error?.Code}").Order(StringComparer.Ordinal));
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task A_run_that_was_lost_is_in_the_history_and_after_it_nobody_can_tell_what_has_drifted()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ReturnGrace = TimeSpan.FromSeconds(60) });
        IFleet here = fleet.Server.Fleet;
        string begun = Path.Combine(fleet.Root, "begun"), go = Path.Combine(fleet.Root, "go");
        using PackageFolder one = Script("""printf '{"resources":[{"type":"file","name":"a","status":"changed"},{"type":"file","name":"b"}]}' > "$PANTRY_REPORT" """ + "\n");
        using PackageFolder two = Script($"echo $$ > {begun}.new; mv {begun}.new {begun}\ni=0; while [ ! -e {go} ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done\n");
        await one.PublishAsync(here, "web", "1.0.0");
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }", default);
        ClientConfiguration configuration = await fleet.ConfigurationAsync("phoenix", "shop");
        string enrollment = Path.Combine(fleet.Root, "enrollment");
        EnrollmentFile.Save(enrollment, configuration.Enrollment!);
        string[] arguments = ["client", enrollment, configuration.Path, $"{fleet.Server.FilePort}"];
        HostProcess client = await HostProcess.StartAsync(fleet.Options, arguments);
        await AppliedAsync();
        Assert.True(await AppliedAsync());

        await two.PublishAsync(here, "web", "1.1.0");
        IJob job = await here.StartJobAsync(await RequestAsync(here, Target.All), default);
        await Fleet.EventuallyAsync(() => File.Exists(begun), "it applies");
        await client.KillAsync();
        await client.DisposeAsync();
        client = await HostProcess.StartAsync(fleet.Options, arguments);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        Assert.Equal(CommandStatus.Lost, (await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token)).Result.Status);
        ProvisionReport lost = Assert.Single(await here.Provisioning.FindReportsAsync(new ReportFilter { Last = 1, Statuses = [ProvisionStatus.Failed, ProvisionStatus.Lost] }, default).ToListAsync(default));
        Assert.Equal(("phoenix", "web", "1.1.0", job.Id, "ClientRestarted"), (lost.Client, lost.Package, lost.Version, lost.JobId, lost.Error!.Code));
        // What the killed client had started is still at work, and another run is refused until it has ended.
        File.WriteAllText(go, "");
        int script = int.Parse(File.ReadAllText(begun), CultureInfo.InvariantCulture);
        await Fleet.EventuallyAsync(() => !Processes.IsRunning(script), "the script to end");
        await here.Provisioning.RemovePackageAsync(new RemovePackage("web", "1.1.0", true), default);

        Assert.Null(await AppliedAsync());
        Assert.True(await AppliedAsync());
        await client.DisposeAsync();

        async Task<bool?> AppliedAsync()
        {
            ResultRow row = Assert.Single(await fleet.RunAsync(await RequestAsync(here, Target.All)));
            Assert.Equal((CommandStatus.Succeeded, null), (row.Result.Status, row.Result.Error?.Message));
            return (await here.Provisioning.FindReportsAsync(new ReportFilter { Last = 1 }, default).ToListAsync(default)).Single().Drift;
        }
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task While_it_is_at_work_a_client_may_have_its_own_plan_and_trees_and_nobody_elses()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        IFleet here = fleet.Server.Fleet;
        string go = Path.Combine(fleet.Root, "go");
        using PackageFolder waiting = Script($"i=0; while [ ! -e {go} ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done\n");
        (PackageInfo old, _) = await waiting.PublishAsync(here, "web", "1.0.0");
        PackageInfo foreign = await PackageFolder.PublishNewAsync(here, "mail", "1.0.0");
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }", default);
        await here.Provisioning.SaveApplicationAsync(new SaveApplication("post", 0), "packages: { mail: '*' }", default);
        ClientAgent web = await fleet.AddAsync("web1", "shop"), mail = await fleet.AddAsync("mail1", "post");
        IJob job = await here.StartJobAsync(await RequestAsync(here, Target.Clients(["web1"])), default);
        await Fleet.EventuallyAsync(() => Directory.Exists(Path.Combine(web.Configuration.Path, "provision", "work")), "it applies");
        await PackageFolder.PublishNewAsync(here, "web", "2.0.0");

        // Its current plan has another version by now; the job's has this one.
        await OpenAsync(web, old.Digest, job.Id);
        await RefusedAsync(() => OpenAsync(web, old.Digest, null));
        await RefusedAsync(() => OpenAsync(web, foreign.Digest, job.Id));
        await RefusedAsync(() => OpenAsync(mail, old.Digest, job.Id));
        using (RawPeer stranger = await fleet.AddRawAsync("web2", "shop"))
        {
            stranger.Send(new Message(MessageKind.ReadPlan, new ReadPlan(job.Id), 7));
            Assert.Equal("OutOfScope", stranger.Receive(MessageKind.Refused).HeadAs<Refused>().Code);
        }

        // One at a time: the second is told which runs.
        ResultRow second = Assert.Single(await fleet.RunAsync(await RequestAsync(here, Target.Clients(["web1"]))));
        Assert.Equal((CommandStatus.Failed, "ProvisionRunning"), (second.Result.Status, second.Result.Error!.Code));
        Assert.Contains(job.Id, second.Result.Error.Message, StringComparison.Ordinal);
        File.WriteAllText(go, "");
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        Assert.Equal(CommandStatus.Succeeded, (await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token)).Result.Status);
        await RefusedAsync(() => OpenAsync(web, old.Digest, job.Id));

        await fleet.Server.AuditLog.FlushAsync();
        List<AuditEntry> refusals = await here.FindAuditAsync(new AuditFilter { Action = "Refuse" }, default).ToListAsync();
        Assert.Equal(["PlanNotGranted", "TreeNotGranted"], refusals.Select(entry => entry.Outcome).Distinct().Order());
    }

    [Fact(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    public async Task Each_client_gets_the_secrets_of_its_own_plan_under_the_names_of_its_parameters()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await using RemoteFleet console = await fleet.ConnectAsync();
        using PackageFolder folder = Script($"env | grep ^PANTRY_SECRET_ | sort > {fleet.Root}/$PANTRY_IDENTITY.env; cat \"$PANTRY_PARAMETERS\" > {fleet.Root}/$PANTRY_IDENTITY.json; echo \"$PANTRY_SECRET_database\"\n");
        await folder.PublishAsync(console, "app", "1.0.0");
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { app: '*' }\nparameters: { port: 80, database: !secret shop-db, api: { user: me, keys: [!secret shop-key] } }", default);
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("post", 0), "packages: { app: '*' }\nparameters: { database: !secret post-db }", default);
        await console.Provisioning.SaveApplicationAsync(new SaveApplication("open", 0), "packages: { app: '*' }", default);
        foreach ((string identity, string application) in new[] { ("shop1", "shop"), ("post1", "post"), ("open1", "open") })
            await fleet.AddAsync(identity, application);

        var missing = await Assert.ThrowsAsync<PantryException>(() => RequestAsync(console, Target.All, ("shop-db", "first-value"), ("shop-key", "the-key")));
        Assert.Contains("The secret 'post-db' must be given with -Secret: the plan of 'post1' needs 'post-db'. Nothing was sent.", missing.Message, StringComparison.Ordinal);
        var beyond = await Assert.ThrowsAsync<PantryException>(() => RequestAsync(console, Target.Clients(["post1"]), ("post-db", "x"), ("postdb", "y")));
        Assert.Contains("No plan of these clients needs a secret 'postdb'. Did you mean 'post-db'?", beyond.Message, StringComparison.Ordinal);

        List<ResultRow> rows = await ProvisionAsync(console, fleet, Target.All, secrets: [("shop-db", "first-value"), ("shop-key", "the-key"), ("post-db", "other-value")]);
        Assert.All(rows, row => Assert.Equal((CommandStatus.Succeeded, null), (row.Result.Status, row.Result.Error?.Message)));
        Assert.Equal("PANTRY_SECRET_api={\"user\":\"me\",\"keys\":[\"the-key\"]}\nPANTRY_SECRET_database=first-value\n", File.ReadAllText(Path.Combine(fleet.Root, "shop1.env")));
        Assert.Equal("PANTRY_SECRET_database=other-value\n", File.ReadAllText(Path.Combine(fleet.Root, "post1.env")));
        Assert.Equal("", File.ReadAllText(Path.Combine(fleet.Root, "open1.env")));
        Assert.Equal("{\"port\":80}", File.ReadAllText(Path.Combine(fleet.Root, "shop1.json")));
        Assert.Contains("********", Assert.Single(Reports(rows.Single(row => row.Client == "shop1"))).LogTail, StringComparison.Ordinal);
        foreach (string value in (string[])["first-value", "the-key", "other-value"])
        {
            Assert.All(rows, row => Assert.DoesNotContain(value, Encoding.UTF8.GetString([.. row.Bodies.SelectMany(body => body)]), StringComparison.Ordinal));
            Assert.All(fleet.Clients, client => Assert.DoesNotContain(
                Directory.EnumerateFiles(client.Configuration.Path, "*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)), file => File.ReadAllText(file, Encoding.Latin1).Contains(value, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public async Task Packages_by_name_are_no_order_to_provision_and_it_is_no_step()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await fleet.AddAsync("web1", "shop");
        var old = new JobRequest { Target = Target.Clients(["web1"]), Command = "Provision", Format = BodyFormat.Json, Arguments = Fleet.Json(new { packages = new[] { new { name = "x", version = "1.0.0", kind = "script" } } }) };
        JobRequest step = old with { Command = "Steps", Arguments = new OrderSteps([new OrderStep("Provision", BodyFormat.Json, old.Arguments)]).ToBytes() };
        foreach (JobRequest request in (JobRequest[])[old, step, old with { Arguments = ProvisionOrders.Write(new ProvisionOrder(["00"])), Target = Target.All }])
        {
            var refused = await Assert.ThrowsAsync<PantryException>(() => fleet.Server.Fleet.StartJobAsync(request, default));
            Assert.Equal(PantryErrorCode.InvalidArgument, refused.Code);
            Assert.Contains("Use Invoke-PantryProvision", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_client_that_is_killed_before_it_begins_to_apply_goes_on_and_one_that_is_killed_after_it_applies_nothing_twice()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { ReturnGrace = TimeSpan.FromSeconds(60) });
        ClientConfiguration configuration = await fleet.ConfigurationAsync("phoenix");
        string enrollment = Path.Combine(fleet.Root, "enrollment"), stages = Path.Combine(configuration.Path, "stages");
        EnrollmentFile.Save(enrollment, configuration.Enrollment!);
        HostProcess client = await HostProcess.StartAsync(fleet.Options, "client", enrollment, configuration.Path);
        IJob job = await fleet.Server.Fleet.StartJobAsync(new JobRequest { Target = Target.Clients(["phoenix"]), Command = "Staged", Format = BodyFormat.Json, ValidFor = TimeSpan.FromMinutes(5) }, default);
        await StagesAsync("fetch");

        client = await KillAndStartAsync();
        await StagesAsync("fetch", "fetch");
        File.WriteAllText(Path.Combine(configuration.Path, "fetch"), "");
        await StagesAsync("fetch", "fetch", "apply");

        client = await KillAndStartAsync();
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal((CommandStatus.Lost, "ClientRestarted"), (row.Result.Status, row.Result.Error!.Code));
        Assert.Equal(["fetch", "fetch", "apply"], File.ReadAllLines(stages));
        await client.DisposeAsync();

        Task StagesAsync(params string[] expected) => Fleet.EventuallyAsync(() => File.Exists(stages) && File.ReadAllLines(stages).SequenceEqual(expected), string.Join(", ", expected));

        async Task<HostProcess> KillAndStartAsync()
        {
            await client.KillAsync();
            await client.DisposeAsync();
            return await HostProcess.StartAsync(fleet.Options, "client", enrollment, configuration.Path);
        }
    }

    private static async Task OpenAsync(ClientAgent client, string tree, string? job)
    {
        _ = ContentHash.TryParse(tree, out ContentHash digest);
        await using IOpenedTree opened = await client.Trees.OpenAsync(digest, job, null, default);
    }

    private static async Task RefusedAsync(Func<Task> ask) => Assert.Equal(PantryErrorCode.OutOfScope, (await Assert.ThrowsAsync<PantryException>(ask)).Code);

    private static long Fetched(ResultRow row) => Fleet.Text(row).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Sum(line => long.Parse(line.Split("; ")[^1].Split(' ')[0], NumberStyles.AllowThousands, CultureInfo.CurrentCulture));

    internal static async Task<JobRequest> RequestAsync(IFleet by, Target target, params (string Name, string Value)[] secrets)
    {
        var plans = new PlanSet(target);
        await plans.ReadAsync(by.Provisioning, default);
        plans.RequireAny();
        plans.RequireSecrets([.. secrets.Select(secret => new[] { secret.Name })]);
        return plans.ToRequest(false, secrets.ToDictionary(secret => secret.Name, secret => Encoding.UTF8.GetBytes(secret.Value)));
    }

    internal static PackageFolder Script(string text)
    {
        PackageFolder folder = new PackageFolder().With("apply", $"#!/bin/sh\n{text}");
        Provisioners.ProvisionRig.SetMode(Path.Combine(folder.Path, "apply"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    private static async Task<List<ResultRow>> ProvisionAsync(RemoteFleet by, Fleet fleet, Target target, params (string Name, string Value)[] secrets) =>
        await fleet.RunAsync(await RequestAsync(by, target, secrets), by);

    private static IReadOnlyList<ProvisionReport> Reports(ResultRow row) => JsonSerializer.Deserialize(row.Body(Result.OutputBody), ProvisionJson.Default.IReadOnlyListProvisionReport)!;
}
