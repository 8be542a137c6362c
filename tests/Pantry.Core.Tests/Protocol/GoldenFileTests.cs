using System.Text;
using Pantry.Protocol;
using Pantry.Targeting;

namespace Pantry.Tests.Protocol;

/// <summary>The bytes of every message, kept as files: what changes here changes for every deployed peer.</summary>
public sealed class GoldenFileTests
{
    private static readonly DateTimeOffset Moment = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly ClientLabels Labels = ClientLabels.Create("app.host", "pantry", "test", ["web"]);
    private static readonly ClientFacts Facts = new() { HostName = "host", OperatingSystem = "Linux", ProcessorCount = 2, CollectedAt = Moment, Uptime = TimeSpan.FromHours(1) };
    private static readonly Result Outcome = new("j1", CommandStatus.Failed, 3, new CommandError("NonZeroExitCode", "no"), BodyFormat.Clixml, null, false, Moment, TimeSpan.FromSeconds(1.5));
    private static readonly PantryEvent Happened = new() { At = Moment, Kind = PantryEventKind.ClientOnline, Client = "a", Detail = "127.0.0.1" };

    private static readonly ProvisionReport Report = new()
    {
        Package = "web",
        Version = "1.4.0",
        Kind = "puppet",
        Tool = "puppet",
        Status = ProvisionStatus.Changed,
        Changed = 1,
        StartedAt = Moment,
        Duration = TimeSpan.FromSeconds(1.5),
        Resources = [new ProvisionResource("File", "/etc/motd", ResourceStatus.Changed, "content changed", TimeSpan.FromSeconds(1))],
        Plan = new string('a', 64),
    };

    private static readonly QueuedOrder Queued = new() { JobId = "j1", Client = "a", Command = "Ping", Operator = "mary", CreatedAt = Moment, ValidUntil = Moment };
    private static readonly JobInfo Job = new()
    {
        JobId = "j1",
        Command = "Ping",
        Target = "2 clients",
        Operator = "mary",
        State = PantryJobState.Running,
        CreatedAt = Moment,
        ValidUntil = Moment,
        Targets = 2,
        Rows = new Dictionary<string, int> { ["Succeeded"] = 1 },
    };

    private static readonly ClientInfo Client = new() { Identity = "app.host", Status = ClientStatus.Online, LastSeen = Moment, Roles = ["web"], Streams = ["web"] };
    private static readonly Enrollment Joining = new()
    {
        Id = "e1",
        Address = "localhost",
        PublishPort = 1,
        ReceivePort = 2,
        FilePort = 3,
        ServerPublicKey = "s",
        RootPublicKey = "r",
        Network = "n1",
        PublicKey = "p",
        SecretKey = "k",
        CreatedAt = Moment,
        ExpiresAt = Moment,
    };

    private static readonly EnrollmentToken Token = new()
    {
        Id = "t1",
        Token = "pantry-secret",
        Pattern = "web*",
        Application = "shop",
        Roles = ["web"],
        Address = "localhost",
        PublishPort = 1,
        ReceivePort = 2,
        ServerPublicKey = "s",
        CreatedAt = Moment,
        ExpiresAt = Moment,
    };

    private static readonly EnrollmentInfo Listed = new()
    {
        Id = "t1",
        Kind = EnrollmentKind.Token,
        Pattern = "web*",
        Application = "shop",
        Roles = ["web"],
        CreatedBy = "mary",
        CreatedAt = Moment,
        ExpiresAt = Moment,
    };

    private static readonly OperatorInfo Operator = new() { Name = "mary", Scopes = ["shop:Shell"], Fingerprint = "f", CreatedAt = Moment };
    private static readonly AuditEntry Audited = new() { Sequence = 1, At = Moment, Actor = "mary", Action = "Order", Outcome = "Accepted" };

    private static readonly PackageInfo Package = new()
    {
        Name = "shop.web",
        Version = "1.4.0",
        Kind = "chef",
        Description = "The web servers",
        Dependencies = [new PackageDependency("nginx", "^1.2")],
        Digest = new string('a', 64),
        Files = 3,
        Size = 4096,
        PublishedAt = Moment,
        PublishedBy = "mary",
        UsedBy = ["shop"],
    };

    private static readonly ApplicationInfo Application = new() { Name = "shop", Revision = 4, Change = ApplicationChange.Changed, ChangedAt = Moment, ChangedBy = "mary", Description = "The web shop", Packages = ["shop.web"] };
    private static readonly PantryPlan Plan = new()
    {
        Client = "shop.web1",
        Application = "shop",
        Revision = 4,
        Packages = [new PantryPlanPackage("nginx", "1.2.0", "chef", new string('b', 64), false), new PantryPlanPackage("shop.web", "1.4.0", "chef", new string('a', 64), true)],
        Parameters = """{"password":{"$secret":"shop-db"}}""",
        Secrets = ["shop-db"],
        Steps = [new PantryPlanStep("shop.web", "1.4.0", "chef", "recipe[shop::web]")],
    };

    private static readonly PackageStoreCheck Checked = new() { Packages = 2, Chunks = 7, Bytes = 4096, Problems = [new PackageStoreProblem("shop.web", "1.4.0", "recipes/default.rb", "damaged")] };

    private static readonly Message[] Messages =
    [
        new(MessageKind.Refused, new Refused("IdentityInUse", "taken"), 7),
        new(MessageKind.Heartbeat, new Heartbeat(2)),
        new(MessageKind.HeartbeatReply, new HeartbeatReply(Moment)),
        new(MessageKind.Leave, new Leave("stops", true)),
        new(MessageKind.Register, new Register(Labels, "i1", "0.1.0", "pantry-secret", 3, ["Ping"], Facts, Moment), 1),
        new(MessageKind.Registered, new Registered(RegistrationStatus.Approved, Labels, [new TopicGrant(new byte[16], 7, new byte[32])], 5, 5, 15, "0.1.0", Moment, [1, 2, 3], 23003), 1) { Bodies = [[9]] },
        new(MessageKind.FactsReport, new FactsReport(Facts)),
        new(MessageKind.Order, new Order("j1", 9, false, new byte[64], 2, new byte[16], Live: true)) { Bodies = [[1], Encoding.UTF8.GetBytes("{}"), [], new byte[16]] },
        new(MessageKind.Accepted, new Accepted("j1")),
        new(MessageKind.CancelOrder, new CancelOrder("j1")),
        new(MessageKind.Result, Outcome) { Bodies = [[1], [2], [3]] },
        new(MessageKind.ResultStored, new ResultStored("j1")),
        new(MessageKind.Connect, new Connect("me@here", "0.1.0"), 2),
        new(MessageKind.Connected, new Connected("mary", "n1", "0.1.0", Moment, 5, 15, 23003), 2),
        new(MessageKind.ListClients, new ListClients(new ClientFilter { Identities = ["a*"], Status = ClientStatus.Online }), 3),
        new(MessageKind.ClientPage, new ClientPage([Client], true), 3),
        new(MessageKind.StartJob, new StartJob(new byte[64], Target.Clients(["a", "b"]), 15, new RolloutPlan { BatchSize = new Share(2), MaxFailure = new Share(10, true), Queue = true, Live = true }), 4) { Bodies = [[1], [], [], new byte[32]] },
        new(MessageKind.JobStarted, new JobStarted("j1", ["a", "b"]), 4),
        new(MessageKind.Row, new Row("j1", 0, "a", TimeSpan.FromMilliseconds(3), Outcome)) { Bodies = [[1], [2], [3]] },
        new(MessageKind.RowsTaken, new RowsTaken("j1", 1)),
        new(MessageKind.JobEnded, new JobEnded("j1")),
        new(MessageKind.ControlJob, new ControlJob("j1", JobAction.Suspend), 8),
        new(MessageKind.AttachJob, new AttachJob("j1", 2, 1), 5),
        new(MessageKind.JobChanged, new JobChanged(Job), 8),
        new(MessageKind.ListJobs, new ListJobs(new JobFilter { Id = "j*", State = PantryJobState.Running, Newest = 5 }), 9),
        new(MessageKind.JobPage, new JobPage([Job], true), 9),
        new(MessageKind.ListQueue, new ListQueue(new JobFilter()), 10),
        new(MessageKind.QueuePage, new QueuePage([Queued], true), 10),
        new(MessageKind.Unqueue, new Unqueue("j1", "a"), 11),
        new(MessageKind.Unqueued, new Unqueued(Queued), 11),
        new(MessageKind.OpenJob, new OpenJob("j1"), 12),
        new(MessageKind.JobOpened, new JobOpened("j1", ["a", "b"]), 12),
        new(MessageKind.ReadRows, new ReadRows("j1", 3, 64, 10), 13),
        new(MessageKind.RowsRead, new RowsRead("j1", 4), 13),
        new(MessageKind.OutputPiece, new OutputPiece("j1", 4, 3, Result.StandardOutputBody, 100, true, true, "cp850")) { Bodies = [[1, 2]] },
        new(MessageKind.OutputStored, new OutputStored("j1", 5)),
        new(MessageKind.ReadOutput, new ReadOutput("w1", "j1", [4, 0], 10), 16),
        new(MessageKind.OutputRead, new OutputRead("w1", true, [new PieceHead(0, 4, Result.StandardErrorBody, 2, Moment, false, false, null)], [1], true), 16) { Bodies = [[1, 2]] },
        new(MessageKind.WatchEvents, new WatchEvents("w1", 10), 14),
        new(MessageKind.EventsHappened, new EventsHappened("w1", true, [Happened]), 14),
        new(MessageKind.StopWatching, new StopWatching("w1"), 15),
        new(MessageKind.AwaitJobs, new AwaitJobs([new JobMark("j1", -1), new JobMark("j2", 7)], 10), 16),
        new(MessageKind.Prepare, new Prepare(new Order("j1", 9, true, new byte[64], 2, new byte[16]))) { Bodies = [[1], Encoding.UTF8.GetBytes("{}"), [], new byte[16]] },
        new(MessageKind.Prepared, new Prepared("j1")),
        new(MessageKind.Enrol, new Enrol("a", "shop", null, ["web"], 60), 6),
        new(MessageKind.Enrolled, new Enrolled(Joining), 6),
        new(MessageKind.Redeem, new Redeem("k", "app.host"), 1),
        new(MessageKind.Redeemed, new Redeemed(Labels, [1, 2, 3]), 1),
        new(MessageKind.TopicsChanged, new TopicsChanged([new TopicGrant(new byte[16], 8, new byte[32])])),
        new(MessageKind.BundleChanged, new BundleChanged(4)) { Bodies = [[9]] },
        new(MessageKind.CreateToken, new CreateToken("web*", "shop", null, ["web"], 60), 7),
        new(MessageKind.TokenCreated, new TokenCreated(Token), 7),
        new(MessageKind.DecideClient, new DecideClient(ClientDecision.Revoke, "a", null), 8),
        new(MessageKind.ClientDecided, new ClientDecided(Client), 8),
        new(MessageKind.ListOperators, new ListOperators(), 9),
        new(MessageKind.OperatorList, new OperatorList([Operator], 4, true), 9) { Bodies = [[9]] },
        new(MessageKind.AddOperator, new AddOperator("mary", "k", [1, 2, 3], ["shop:Shell"], false, Moment), 10),
        new(MessageKind.RevokeOperator, new RevokeOperator("mary"), 11),
        new(MessageKind.PutBundle, new PutBundle(), 12) { Bodies = [[9]] },
        new(MessageKind.ListAudit, new ListAudit(new AuditFilter { Actor = "mary", Newest = 10 }), 13),
        new(MessageKind.AuditPage, new AuditPage([Audited], true), 13),
        new(MessageKind.VerifyAudit, new VerifyAudit(null), 14),
        new(MessageKind.AuditVerified, new AuditVerified(new AuditLogCheck { IsIntact = true, Records = 1, Checkpoint = "c" }), 14),
        new(MessageKind.ListEnrollments, new ListEnrollments(new EnrollmentFilter { Ids = ["a*"], Kind = EnrollmentKind.Token, All = true }), 15),
        new(MessageKind.EnrollmentPage, new EnrollmentPage([Listed], true), 15),
        new(MessageKind.WithdrawEnrollment, new WithdrawEnrollment("t1"), 16),
        new(MessageKind.ListPackages, new ListPackages(new PackageFilter { Names = ["shop.*"], Range = "^1.0", Kind = "chef", AllVersions = true }), 17),
        new(MessageKind.PackagePage, new PackagePage([Package], true), 17),
        new(MessageKind.PublishPackage, new PublishPackage("shop.web", "1.4.0", "chef", "The web servers", [new PackageDependency("nginx", "^1.2")], new string('a', 64)), 18),
        new(MessageKind.PackagePublished, new PackagePublished(Package), 18),
        new(MessageKind.RemovePackage, new RemovePackage("shop.web", "1.4.0", true), 22),
        new(MessageKind.PackageRemoved, new PackageRemoved(Package), 22),
        new(MessageKind.VerifyPackages, new VerifyPackages(), 23),
        new(MessageKind.PackagesVerified, new PackagesVerified(Checked, true), 23),
        new(MessageKind.ListApplications, new ListApplications(new ApplicationFilter { Names = ["sh*"], History = true }), 24),
        new(MessageKind.ApplicationPage, new ApplicationPage([Application], true), 24),
        new(MessageKind.ReadApplication, new ReadApplication("shop", 3), 25),
        new(MessageKind.ApplicationRead, new ApplicationRead(Application), 25) { Bodies = [Encoding.UTF8.GetBytes("packages: {}")] },
        new(MessageKind.SaveApplication, new SaveApplication("shop", 3, 1), 26) { Bodies = [Encoding.UTF8.GetBytes("packages: {}")] },
        new(MessageKind.RemoveApplication, new RemoveApplication("shop", 4), 27),
        new(MessageKind.ApplicationSaved, new ApplicationSaved(Application) { Warnings = ["There is no package 'x' yet."] }, 26),
        new(MessageKind.PlanClients, new PlanClients(new ClientFilter { Application = "shop" }), 28),
        new(MessageKind.PlanPage, new PlanPage([Plan], true), 28),
        new(MessageKind.MakePlans, new MakePlans(Target.OfLabels("shop", "live", null)), 29),
        new(MessageKind.PlansMade, new PlansMade([new PlanShare(["web1", "web2"], [123, 125], null), new PlanShare(["web3"], null, new CommandError("PackageConflict", "no"))], true), 29),
        new(MessageKind.ReadPlan, new ReadPlan("j1"), 30),
        new(MessageKind.PlanRead, new PlanRead("j1"), 30) { Bodies = [Encoding.UTF8.GetBytes("{}")] },
        new(MessageKind.ListReports, new ListReports(new ReportFilter { Clients = new ClientFilter { Application = "shop" }, Packages = ["web*"], Jobs = ["j1"], Since = Moment, Last = 1, Statuses = [ProvisionStatus.Changed], Drift = true }), 29),
        new(MessageKind.ReportPage, new ReportPage([new ReportEntry("app.host", "j1", Moment, true, false, Report)], true), 29),
        new(MessageKind.EnrollmentWithdrawn, new EnrollmentWithdrawn(Listed with { Status = EnrollmentStatus.Withdrawn, WithdrawnAt = Moment, WithdrawnBy = "mary" }), 16),
        new(MessageKind.OpenFiles, new OpenFiles("0.1.0"), 1),
        new(MessageKind.FilesOpened, new FilesOpened(Moment, 5, 15, new byte[32], new byte[32], 8_388_608), 1),
        new(MessageKind.ReadTree, new ReadTree("00ff", "j1"), 2),
        new(MessageKind.TreePart, new TreePart(7, true), 2) { Bodies = [[9]] },
        new(MessageKind.WriteTree, new WriteTree("00ff", "j1", true), 3) { Bodies = [[9]] },
        new(MessageKind.TreeAccepted, new TreeAccepted(8, 2, 300_000), 3),
        new(MessageKind.AskChunks, new AskChunks(7, 1, 0)) { Bodies = [new byte[36]] },
        new(MessageKind.ChunkRefused, new ChunkRefused(7, 1, "FileChanged", "no")),
        new(MessageKind.EndTransfer, new EndTransfer(8)),
    ];

    public static TheoryData<string> Kinds => [.. Messages.Select(message => message.Kind.ToString())];

    [Fact]
    public void Every_kind_has_a_golden_file() =>
        Assert.Equal(Enum.GetNames<MessageKind>().Where(kind => kind != nameof(MessageKind.Fragment)).Order(), Messages.Select(message => message.Kind.ToString()).Order());

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_message_is_encoded_as_its_golden_file_says(string kind)
    {
        Message message = Messages.Single(message => message.Kind.ToString() == kind);
        string actual = Show(MessageCodec.Encode(message));
        string file = Path.Combine(AppContext.BaseDirectory, "Protocol", "Golden", $"{kind}.txt");

        if (Environment.GetEnvironmentVariable("PANTRY_WRITE_GOLDEN") is { Length: > 0 } folder)
            File.WriteAllText(Path.Combine(folder, $"{kind}.txt"), actual);
        Assert.Equal(File.ReadAllText(file).ReplaceLineEndings("\n"), actual);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_golden_file_is_decoded_to_its_message(string kind)
    {
        string[] lines = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Protocol", "Golden", $"{kind}.txt"));
        byte[][] frames = [Convert.FromHexString(lines[0]), Encoding.UTF8.GetBytes(lines[1]), .. lines.Skip(2).Select(Convert.FromHexString)];
        Senders sender = Enum.Parse<MessageKind>(kind).MayBeSentBy();

        Assert.Equal(DecodeFault.None, MessageCodec.TryDecode(frames, sender, new WireLimits(), out Message? message, out _));
        Assert.Equal(frames, MessageCodec.Encode(message!));
    }

    /// <summary>Header in hexadecimal, head as it is, each body in hexadecimal.</summary>
    private static string Show(byte[][] frames) => string.Concat(
        frames.Select((frame, index) => (index == 1 ? Encoding.UTF8.GetString(frame) : Convert.ToHexString(frame)) + "\n"));
}
