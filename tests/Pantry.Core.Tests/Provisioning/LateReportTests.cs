using System.Text;
using Pantry.Configuration;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Security;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;
using Pantry.Transport;

namespace Pantry.Tests.Provisioning;

/// <summary>A run that the server took for lost, and whose client comes back and tells what came of it.</summary>
public sealed class LateReportTests
{
    private const string Changed = """[{"package":"web","version":"1.0.0","kind":"script","status":"Changed","changed":1}]""";
    private const string Failed = """[{"package":"web","version":"1.0.0","kind":"script","status":"Failed","failed":1}]""";

    public static bool OnWindows => OperatingSystem.IsWindows();

    /// <summary>The job is in the server's memory, or it was forgotten, or the server was restarted.</summary>
    public enum Known
    {
        InMemory,
        Forgotten,
        BeforeRestart,
    }

    [Theory(SkipWhen = nameof(OnWindows), Skip = "A POSIX shell is needed.")]
    [InlineData(Known.InMemory)]
    [InlineData(Known.Forgotten)]
    [InlineData(Known.BeforeRestart)]
    public async Task A_client_whose_link_was_cut_for_too_long_says_what_came_of_its_run_and_the_history_says_so(Known known)
    {
        await using Fleet fleet = await Fleet.StartAsync(
            new PantryOptions
            {
                HeartbeatInterval = TimeSpan.FromSeconds(1),
                DeadAfter = TimeSpan.FromSeconds(5),
                ReturnGrace = TimeSpan.FromMilliseconds(100),
                KeptJobs = known == Known.Forgotten ? 0 : 64,
            },
            FixedPorts.Take(3));
        await using var proxy = new FaultProxy(fleet.Server.ReceivePort);
        string begun = Path.Combine(fleet.Root, "begun"), go = Path.Combine(fleet.Root, "go");
        using PackageFolder folder = ProvisionJobTests.Script(
            $$"""touch {{begun}}; i=0; while [ ! -e {{go}} ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i+1)); done; printf '{"resources":[{"type":"file","name":"a","status":"changed"},{"type":"file","name":"b"}]}' > "$PANTRY_REPORT" """ + "\n");
        await PlanAsync(fleet, folder);
        await fleet.AddAsync("web1", "shop", through: new ServerAddress("127.0.0.1", fleet.Server.PublishPort, proxy.Port));
        IJob job = await StartAsync(fleet, "web1");
        await Fleet.EventuallyAsync(() => File.Exists(begun), "it applies");

        proxy.Pause();
        proxy.CutAll();
        Assert.Equal("WentOffline", (await RowAsync(job)).Result.Error!.Code);
        ProvisionReport lost = Assert.Single(await ListAsync(fleet));
        Assert.Equal(ProvisionStatus.Lost, lost.Status);
        if (known == Known.BeforeRestart)
            await fleet.RestartServerAsync();
        File.WriteAllText(go, "");
        proxy.Resume();

        await Fleet.EventuallyAsync(() => Statuses(fleet).SequenceEqual([ProvisionStatus.Changed]), "the history to say what came of it");
        ProvisionReport late = Assert.Single(await ListAsync(fleet));
        Assert.Equal((job.Id, lost.Plan, 1, null), (late.JobId, late.Plan, late.Changed, late.Drift));
        Assert.True(late.ReceivedAt > lost.ReceivedAt);
        await fleet.Server.AuditLog.FlushAsync();
        AuditRecord noted = Assert.Single(fleet.Server.AuditLog.Query(new AuditQuery { Action = "LateResult" }));
        Assert.Equal(("web1", nameof(CommandStatus.Succeeded), job.Id), (noted.Actor, noted.Outcome, noted.Job));
        // What was shown of the job stays as it was.
        IJob opened = await fleet.Server.Fleet.OpenJobAsync(job.Id, 0, default);
        Assert.Equal("WentOffline", (await RowAsync(opened)).Result.Error!.Code);
        // The plan was applied, so what the next run changes has drifted.
        Assert.Equal(CommandStatus.Succeeded, (await RowAsync(await StartAsync(fleet, "web1"))).Result.Status);
        Assert.Equal([true, null], (await ListAsync(fleet)).Select(report => report.Drift));
    }

    [Theory]
    [InlineData(64)]
    [InlineData(0)]
    public async Task What_a_client_says_a_second_time_or_under_another_key_or_of_anothers_run_changes_nothing(int keptJobs)
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { KeptJobs = keptJobs });
        await PlanAsync(fleet);
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop"), otherKey = await fleet.EnrolKeyAsync("web2", "shop");
        string job = await LoseAsync(fleet, key, "web1");

        using (RawPeer other = Registered(fleet, otherKey, "web2"))
            Say(other, job, Changed);
        Assert.Equal([ProvisionStatus.Lost], Statuses(fleet));
        using (RawPeer client = Registered(fleet, key, "web1"))
        {
            Say(client, job, Failed);
            Assert.Equal([ProvisionStatus.Failed], Statuses(fleet));
            Say(client, job, Changed);
            Assert.Equal([ProvisionStatus.Failed], Statuses(fleet));
        }

        string next = await LoseAsync(fleet, key, "web1");
        await fleet.Server.Fleet.DecideAsync(new DecideClient(ClientDecision.Remove, "web1", null), default);
        using CurveKeyPair rebuilt = await fleet.EnrolKeyAsync("web1", "shop");
        using (RawPeer successor = Registered(fleet, rebuilt, "web1"))
            Say(successor, next, Changed);
        Assert.Equal([ProvisionStatus.Lost, ProvisionStatus.Failed], Statuses(fleet));
    }

    [Fact]
    public async Task A_late_result_is_taken_too_where_the_job_goes_on_after_a_restart_of_the_server()
    {
        await using Fleet fleet = await Fleet.StartAsync(ports: FixedPorts.Take(3));
        await PlanAsync(fleet);
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop"), otherKey = await fleet.EnrolKeyAsync("web2", "shop");
        using RawPeer atWork = Registered(fleet, otherKey, "web2");
        string job = await LoseAsync(fleet, key, "web1", "web2");

        await fleet.RestartServerAsync();
        Assert.False(fleet.Server.Jobs.Find(job)!.Ended);
        using RawPeer client = Registered(fleet, key, "web1");
        Say(client, job, Changed);

        Assert.Equal([ProvisionStatus.Changed], Statuses(fleet));
    }

    [Fact]
    public async Task Where_there_is_no_room_for_a_late_result_its_client_keeps_it_and_it_is_taken_when_it_comes_again()
    {
        await using Fleet fleet = await Fleet.StartAsync(new PantryOptions { Provisioning = new ProvisioningLimits { LateReports = (1, 1 << 20) } });
        await PlanAsync(fleet);
        using CurveKeyPair firstKey = await fleet.EnrolKeyAsync("web1", "shop"), secondKey = await fleet.EnrolKeyAsync("web2", "shop");
        string firstJob = await LoseAsync(fleet, firstKey, "web1"), secondJob = await LoseAsync(fleet, secondKey, "web2");
        using RawPeer first = Registered(fleet, firstKey, "web1"), second = Registered(fleet, secondKey, "web2");
        using (new BrokenDisk(fleet, "UPDATE ON reports", ProvisioningDatabase.FileName))
        {
            Assert.Equal(MessageKind.HeartbeatReply, SayAndAsk(first, firstJob, Changed));
            Assert.Equal(MessageKind.HeartbeatReply, SayAndAsk(second, secondJob, Changed));
        }

        // The server comes to what it has by itself; of the other it was not told that it can forget it.
        Assert.Equal(firstJob, first.Receive(MessageKind.ResultStored).HeadAs<ResultStored>().Job);
        Assert.Equal([ProvisionStatus.Lost, ProvisionStatus.Changed], Statuses(fleet));
        Say(second, secondJob, Changed);
        Assert.Equal([ProvisionStatus.Changed, ProvisionStatus.Changed], Statuses(fleet));
    }

    [Fact]
    public async Task A_late_result_without_reports_is_taken_off_its_client_and_the_run_stays_lost()
    {
        await using Fleet fleet = await Fleet.StartAsync();
        await PlanAsync(fleet);
        using CurveKeyPair key = await fleet.EnrolKeyAsync("web1", "shop");
        string job = await LoseAsync(fleet, key, "web1");

        using RawPeer client = Registered(fleet, key, "web1");
        Say(client, job, "");
        Say(client, job, "[{");

        Assert.Equal([ProvisionStatus.Lost], Statuses(fleet));
        await fleet.Server.AuditLog.FlushAsync();
        Assert.Single(fleet.Server.AuditLog.Query(new AuditQuery { Action = "LateResult" }));
    }

    // Takes an order, and goes before it answers.
    private static async Task<string> LoseAsync(Fleet fleet, CurveKeyPair key, string identity, params string[] others)
    {
        IJob job;
        using (RawPeer peer = Registered(fleet, key, identity))
        {
            job = await StartAsync(fleet, [identity, .. others]);
            peer.Receive(MessageKind.Order);
            peer.Send(new Message(MessageKind.Accepted, new Accepted(job.Id)));
            await Fleet.EventuallyAsync(() => fleet.Server.Jobs.Find(job.Id)!.Progress.OpenTargets().Any(target => target.Accepted), "the order to be taken");
            peer.Send(new Message(MessageKind.Leave, new Leave("it goes")));
            peer.Receive(MessageKind.Leave);
        }

        Assert.Equal("WentOffline", (await RowAsync(job)).Result.Error!.Code);
        Assert.Equal(ProvisionStatus.Lost, Statuses(fleet)[0]);
        return job.Id;
    }

    private static RawPeer Registered(Fleet fleet, CurveKeyPair key, string identity)
    {
        RawPeer peer = RawPeer.Connect(fleet.Server.ReceivePort, key, fleet.Server.PublicKey);
        peer.Send(new Message(MessageKind.Register, Fleet.NewRegister(identity, "shop"), 1));
        Assert.Equal(RegistrationStatus.Approved, peer.Receive(MessageKind.Registered).HeadAs<Registered>().Status);
        return peer;
    }

    // Every result is confirmed in the end, whatever becomes of it.
    private static void Say(RawPeer client, string job, string reports)
    {
        client.Send(Result(job, reports));
        Assert.Equal(job, client.Receive(MessageKind.ResultStored).HeadAs<ResultStored>().Job);
    }

    private static MessageKind SayAndAsk(RawPeer client, string job, string reports)
    {
        client.Send(Result(job, reports));
        client.Send(new Message(MessageKind.Heartbeat, new Heartbeat(0)));
        return client.Receive().Kind;
    }

    private static Message Result(string job, string reports) => new(
        MessageKind.Result, new Result(job, CommandStatus.Succeeded, 0, null, BodyFormat.Json, null, false, DateTimeOffset.UtcNow, TimeSpan.FromSeconds(1)))
    {
        Bodies = [[], [], Encoding.UTF8.GetBytes(reports)],
    };

    private static async Task PlanAsync(Fleet fleet, PackageFolder? folder = null)
    {
        if (folder is null)
            await PackageFolder.PublishNewAsync(fleet.Server.Fleet, "web", "1.0.0");
        else
            await folder.PublishAsync(fleet.Server.Fleet, "web", "1.0.0");
        await fleet.Server.Fleet.Provisioning.SaveApplicationAsync(new SaveApplication("shop", 0), "packages: { web: '*' }", default);
    }

    private static async Task<IJob> StartAsync(Fleet fleet, params string[] clients) =>
        await fleet.Server.Fleet.StartJobAsync(await ProvisionJobTests.RequestAsync(fleet.Server.Fleet, Target.Clients(clients)), default);

    private static async Task<ResultRow> RowAsync(IJob job)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        return await job.ReadRowsAsync(deadline.Token).FirstAsync(deadline.Token);
    }

    private static ProvisionStatus[] Statuses(Fleet fleet) => [.. fleet.Server.Fleet.Provisioning.FindReportsAsync(new ReportFilter(), default).ToBlockingEnumerable().Select(report => report.Status)];

    private static async Task<List<ProvisionReport>> ListAsync(Fleet fleet)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        return await fleet.Server.Fleet.Provisioning.FindReportsAsync(new ReportFilter(), deadline.Token).ToListAsync(deadline.Token);
    }
}
