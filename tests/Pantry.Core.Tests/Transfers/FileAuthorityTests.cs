using Pantry.Client;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server.Files;
using Pantry.Storage;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Files;

namespace Pantry.Tests.Transfers;

/// <summary>Nobody has or brings a tree that was not granted; every attempt stands in the audit log.</summary>
public sealed class FileAuthorityTests
{
    [Fact]
    public async Task A_client_that_asks_for_a_tree_that_was_sent_to_another_is_refused_and_audited()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        ClientAgent thief = await rig.AddAsync("thief");
        rig.Folder.Write("secret", FileTestFolder.Random(2_000_000, 1));
        (ContentHash tree, _) = await rig.UploadAsync();
        using var over = new CancellationTokenSource();
        IJob job = await StartAsync(rig, tree, "a", rate: 200_000);

        foreach (string? claimed in (string?[])[null, job.Id, "none"])
            Assert.Equal(PantryErrorCode.OutOfScope, (await RefusedAsync(() => thief.Trees.OpenAsync(tree, claimed, null, over.Token))).Code);

        await job.CancelAsync();
        await rig.Fleet.Server.AuditLog.FlushAsync();
        string key = rig.Fleet.Info("thief").Fingerprint!;
        Assert.Contains(rig.Fleet.Server.AuditLog.Query(new AuditQuery { Action = "Refuse" }), record => record.Key == key && record.Outcome == "TreeNotGranted");
    }

    [Fact]
    public async Task When_the_job_has_ended_its_target_may_have_the_tree_no_more_unless_it_is_granted_otherwise()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        ClientAgent client = await rig.AddAsync("a");
        rig.Folder.Write("file", [1, 2, 3]);
        (ContentHash tree, _) = await rig.UploadAsync();
        ResultRow row = Assert.Single(await rig.SendAsync(tree, Target.Clients(["a"]), rig.Target("a")));

        Assert.Equal(PantryErrorCode.OutOfScope, (await RefusedAsync(() => client.Trees.OpenAsync(tree, row.Result.Job, null, default))).Code);
        rig.Fleet.Server.FileGrants.Others = new Grants("a", tree);
        await using IOpenedTree opened = await client.Trees.OpenAsync(tree, null, null, default);
        Assert.Equal(tree, opened.Tree.Digest);
    }

    [Fact]
    public async Task Nobody_brings_files_that_no_order_asks_for()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        ClientAgent client = await rig.AddAsync("a", "shop");
        await using RemoteFleet weak = await RemoteFleet.ConnectAsync(await rig.Fleet.AddOperatorAsync("weak", scopes: "shop:Shell"), options: rig.Fleet.Options);
        rig.Folder.Write("file", [1, 2, 3]);

        Assert.Equal(PantryErrorCode.OutOfScope, (await RefusedAsync(() => rig.UploadAsync(client.Trees))).Code);
        Assert.Equal(PantryErrorCode.OutOfScope, (await RefusedAsync(() => rig.UploadAsync(weak.Trees))).Code);

        Assert.Empty(rig.Fleet.Server.Files.Store.All());
        await rig.Fleet.Server.AuditLog.FlushAsync();
        Assert.Equal(2, rig.Fleet.Server.AuditLog.Query(new AuditQuery { Action = "Refuse" }).Count(record => record.Outcome == "UploadNotGranted"));
    }

    [Fact]
    public async Task An_operators_scopes_say_whom_it_may_send_files_to()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("mine", "shop");
        await rig.AddAsync("other", "bank");
        await using RemoteFleet shop = await RemoteFleet.ConnectAsync(await rig.Fleet.AddOperatorAsync("shopkeeper", scopes: "shop:ReceiveFiles"), options: rig.Fleet.Options);
        rig.Folder.Write("file", [1, 2, 3]);
        (ContentHash tree, _) = await rig.UploadAsync(shop.Trees);

        List<ResultRow> rows = await rig.SendAsync(tree, Target.Clients(["mine", "other"]), rig.Target("x"), shop);

        Assert.Equal(CommandStatus.Succeeded, rows.Single(row => row.Client == "mine").Result.Status);
        Assert.Equal(CommandStatus.Denied, rows.Single(row => row.Client == "other").Result.Status);
    }

    [Fact]
    public async Task A_client_that_allows_only_other_commands_receives_no_files()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a", allowed: ["Ping"]);
        rig.Folder.Write("file", [1, 2, 3]);
        (ContentHash tree, _) = await rig.UploadAsync();

        ResultRow row = Assert.Single(await rig.SendAsync(tree, Target.Clients(["a"]), rig.Target("a")));

        Assert.Equal((CommandStatus.Denied, "CommandNotAllowed"), (row.Result.Status, row.Result.Error!.Code));
        Assert.False(Directory.Exists(rig.Target("a")));
    }

    [Fact]
    public async Task A_client_that_is_revoked_in_the_middle_of_a_transfer_gets_nothing_more()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await using var proxy = new Faults.FaultProxy(rig.Fleet.Server.FilePort);
        await rig.AddAsync("a", filePort: proxy.Port);
        rig.Folder.Write("large", FileTestFolder.Random(20_000_000, 1));
        (ContentHash tree, _) = await rig.UploadAsync();
        IJob job = await StartAsync(rig, tree, "a", rate: 2_000_000);
        await Fleet.EventuallyAsync(() => proxy.ToClient.Passed > 1_000_000, "the transfer to be under way");

        await rig.Console.DecideAsync(new DecideClient(ClientDecision.Revoke, "a", null), default);
        await Fleet.EventuallyAsync(() => rig.Fleet.Server.FileBytesUnderWay == 0 && proxy.Connections.Count == 0, "its session to be cut", TimeSpan.FromSeconds(5));
        long passed = proxy.ToClient.Passed;

        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.Equal(CommandStatus.Denied, row.Result.Status);
        // It tries again, and is refused each time: nothing but handshakes passes.
        Assert.InRange(proxy.ToClient.Passed - passed, 0, 100_000);
        Assert.False(File.Exists(Path.Combine(rig.Target("a"), "large")));
    }

    [Fact]
    public async Task An_operator_fetches_only_what_its_own_jobs_have_brought()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a", "shop");
        string file = rig.Folder.Write("report.txt", [1, 2, 3]);
        await using RemoteFleet mine = await RemoteFleet.ConnectAsync(await rig.Fleet.AddOperatorAsync("mine", scopes: "shop:*"), options: rig.Fleet.Options);
        await using RemoteFleet other = await RemoteFleet.ConnectAsync(await rig.Fleet.AddOperatorAsync("other", scopes: "shop:*"), options: rig.Fleet.Options);
        ResultRow row = Assert.Single(await ReceiveFileTests.OfferAsync(rig, "a", mine, file));
        ContentHash tree = ReceiveFileTests.Tree(row);

        await using (IOpenedTree opened = await mine.Trees.OpenAsync(tree, row.Result.Job, null, default))
            Assert.Equal(["report.txt"], opened.Tree.Entries.Select(entry => entry.Path));
        await RefusedAsync(() => other.Trees.OpenAsync(tree, row.Result.Job, null, default));
        await RefusedAsync(() => other.Trees.OpenAsync(tree, null, null, default));
    }

    internal static async Task<PantryException> RefusedAsync(Func<Task> attempt) => await Assert.ThrowsAsync<PantryException>(() => attempt().WaitAsync(Fleet.Deadline));

    internal static Task<IJob> StartAsync(TransferRig rig, ContentHash tree, string client, long? rate) => rig.Console.StartJobAsync(
        new JobRequest
        {
            Target = Target.Clients([client]),
            Command = FileOrders.Receive,
            Format = BodyFormat.Json,
            Arguments = FileOrders.Write(new ReceiveFilesArguments(tree.ToString(), rig.Target(client), rate)),
            ValidFor = TimeSpan.FromMinutes(5),
        }, default);

    private sealed class Grants(string client, ContentHash granted) : ITreeGrants
    {
        public bool MayRead(string identity, ContentHash tree) => identity == client && tree == granted;
    }
}
