using System.Diagnostics;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;
using Pantry.Tests.Files;
using Pantry.Tests.Storage;
using Pantry.Transport;

namespace Pantry.Tests.Transfers;

/// <summary>Cuts, kills, full disks and damaged stores in the middle of transfers: they go on, or say what is wrong, and nothing is half done.</summary>
public sealed class FileFaultTests
{
    private const int Window = 1024 * 1024;

    private static readonly PantryOptions Narrow = new() { Files = new FileLimits { MaxChunkWindow = Window, ReservedDisk = 0 } };

    [Fact]
    public async Task A_transfer_to_a_client_that_is_cut_ten_times_ends_well_and_sends_little_twice()
    {
        await using TransferRig rig = await TransferRig.StartAsync(Narrow);
        await using var proxy = new FaultProxy(rig.Fleet.Server.FilePort);
        await rig.AddAsync("a", filePort: proxy.Port);
        rig.Folder.Write("large", FileTestFolder.Random(24_000_000, 1));
        (ContentHash tree, _) = await rig.UploadAsync();
        proxy.ToClient.Throttle(20_000_000);

        Task<List<ResultRow>> sending = rig.SendAsync(tree, Target.Clients(["a"]), rig.Target("a"));
        for (int cut = 1; cut <= 10; cut++)
        {
            await Fleet.EventuallyAsync(() => proxy.ToClient.Passed > cut * 2_000_000L || sending.IsCompleted, $"the {cut}. cut");
            proxy.CutAll();
        }

        Assert.Equal(24_000_000, TransferRig.Outcome(Assert.Single(await sending)).SentBytes);
        Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Target("a")));
        Assert.InRange(proxy.ToClient.Passed, 24_000_000, 24_000_000 + (10 * 2 * (Window + Chunker.MaxBytes)));
        Assert.Equal(0, rig.Fleet.Server.FileBytesUnderWay);
    }

    [Fact]
    public async Task Transfers_whose_links_are_cut_again_while_they_are_begun_anew_go_on_all_of_them()
    {
        string[] names = [.. Enumerable.Range(0, 40).Select(number => $"c{number}")];
        await using TransferRig rig = await TransferRig.StartAsync(Narrow);
        await using var proxy = new FaultProxy(rig.Fleet.Server.FilePort);
        foreach (string name in names)
            await rig.AddAsync(name, filePort: proxy.Port);
        rig.Folder.Write("large", FileTestFolder.Random(4_000_000, 4));
        (ContentHash tree, _) = await rig.UploadAsync();
        proxy.ToClient.Throttle(40_000_000);
        Task<List<ResultRow>>[] sending = [.. names.Select(name => rig.SendAsync(tree, Target.Clients([name]), rig.Target(name)))];

        // Not when so much has come, but at any moment: of a handshake, a question, an answer.
        var random = new Random(11);
        long begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < TimeSpan.FromSeconds(5))
        {
            await Task.Delay(random.Next(1, 250));
            proxy.CutAll();
        }

        proxy.ToClient.Throttle(int.MaxValue);
        List<ResultRow>[] rows = await Task.WhenAll(sending).WaitAsync(Fleet.Deadline);
        Assert.All(rows, row => TransferRig.Outcome(Assert.Single(row)));
        Assert.All(names, name => Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Target(name))));
    }

    [Fact]
    public async Task A_transfer_to_the_server_that_is_cut_ten_times_ends_well_and_sends_little_twice()
    {
        await using TransferRig rig = await TransferRig.StartAsync(Narrow);
        await using var proxy = new FaultProxy(rig.Fleet.Server.FilePort);
        OperatorCredentials credentials = await rig.Fleet.AddOperatorAsync("far", administrator: true);
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(credentials with { FilePort = proxy.Port }, options: Narrow);
        rig.Folder.Write("large", FileTestFolder.Random(24_000_000, 2));
        proxy.ToServer.Throttle(20_000_000);

        Task<(ContentHash Tree, long Sent)> sending = rig.UploadAsync(console.Trees);
        for (int cut = 1; cut <= 10; cut++)
        {
            await Fleet.EventuallyAsync(() => proxy.ToServer.Passed > cut * 2_000_000L || sending.IsCompleted, $"the {cut}. cut");
            proxy.CutAll();
        }

        (ContentHash tree, _) = await sending;
        Assert.InRange(proxy.ToServer.Passed, 24_000_000, 24_000_000 + (10 * 2 * (Window + Chunker.MaxBytes)));
        Assert.Empty(rig.Fleet.Server.Files.Store.Claim(rig.Fleet.Server.Files.Tree(tree).Chunks()));
        Assert.Empty(rig.Fleet.Server.Files.Store.Verify().Damaged);
    }

    [Fact]
    public async Task A_transfer_goes_on_after_its_server_was_killed()
    {
        string root = TestDirectory.Create();
        int[] ports = FixedPorts.Take(3);
        string[] arguments = ["server", Path.Combine(root, "server"), .. ports.Select(port => $"{port}"), Path.Combine(root, "operator.json")];
        HostProcess server = await HostProcess.StartAsync(arguments);
        using var folder = new FileTestFolder();
        folder.Write("large", FileTestFolder.Random(16_000_000, 3));
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(OperatorFile.Load(Path.Combine(root, "operator.json")));
        ClientAgent client = await ClientAgent.StartAsync(await ConfigurationAsync(console, root, ports));
        await using (client)
        {
            using LocalTree tree = folder.Read();
            await console.Trees.SendAsync(tree, null, null, null, default);
            IJob job = await StartAsync(console, tree.Tree.Digest, folder["target"], rate: 4_000_000);
            string part = Path.Combine(folder["target"], ".pantry-part");
            await Fleet.EventuallyAsync(() => Directory.Exists(part) && new DirectoryInfo(part).EnumerateFiles().Sum(file => file.Length) > 4_000_000, "a part of it");

            await server.KillAsync();
            await server.DisposeAsync();
            server = await HostProcess.StartAsync(arguments);

            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
            Assert.Equal(16_000_000, TransferRig.Outcome(row).SentBytes);
            Assert.Equal(FileTestFolder.Contents(folder.Source), FileTestFolder.Contents(folder["target"]));
        }

        await server.DisposeAsync();
        Directory.Delete(root, recursive: true);
    }

    [Fact]
    public async Task A_client_that_was_killed_in_the_middle_goes_on_where_it_had_come_to_when_it_is_back()
    {
        await using TransferRig rig = await TransferRig.StartAsync(new PantryOptions { ReturnGrace = TimeSpan.FromSeconds(60) });
        ClientConfiguration configuration = await rig.Fleet.ConfigurationAsync("phoenix");
        string enrollment = Path.Combine(rig.Fleet.Root, "enrollment");
        EnrollmentFile.Save(enrollment, configuration.Enrollment!);
        HostProcess client = await HostProcess.StartAsync(rig.Fleet.Options, "client", enrollment, configuration.Path);
        rig.Folder.Write("large", FileTestFolder.Random(16_000_000, 4));
        (ContentHash tree, _) = await rig.UploadAsync();
        IJob job = await StartAsync(rig.Console, tree, rig.Target("phoenix"), rate: 4_000_000, client: "phoenix");
        string part = Path.Combine(rig.Target("phoenix"), ".pantry-part");
        await Fleet.EventuallyAsync(() => Directory.Exists(part) && new DirectoryInfo(part).EnumerateFiles().Sum(file => file.Length) > 6_000_000, "a part of it");

        await client.KillAsync();
        await client.DisposeAsync();
        client = await HostProcess.StartAsync(rig.Fleet.Options, "client", enrollment, configuration.Path);

        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        ResultRow row = await job.ReadRowsAsync(deadline.Token).SingleAsync(deadline.Token);
        Assert.InRange(TransferRig.Outcome(row).SentBytes, 1, 16_000_000 - 5_000_000);
        Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Target("phoenix")));
        await client.DisposeAsync();
    }

    [Fact]
    public async Task A_flipped_byte_in_the_servers_store_fails_the_row_and_names_it_and_sending_again_mends_it()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        rig.Folder.Write("file", FileTestFolder.Random(40_000, 5));
        (ContentHash tree, _) = await rig.UploadAsync();
        string blob = new DirectoryInfo(Path.Combine(rig.Fleet.Root, "server", "files", "blobs")).EnumerateFiles("*", SearchOption.AllDirectories).Single(file => file.Length == 40_000).FullName;
        byte[] bytes = File.ReadAllBytes(blob);
        bytes[20_000] ^= 0x10;
        File.WriteAllBytes(blob, bytes);

        ResultRow row = Assert.Single(await rig.SendAsync(tree, Target.Clients(["a"]), rig.Target("a")));

        Assert.Equal((CommandStatus.Failed, nameof(PantryErrorCode.ContentDamaged)), (row.Result.Status, row.Result.Error!.Code));
        Assert.Contains(blob, row.Result.Error.Message, StringComparison.Ordinal);
        Assert.Equal(40_000, (await rig.UploadAsync()).Sent);
        TransferRig.Outcome(Assert.Single(await rig.SendAsync(tree, Target.Clients(["a"]), rig.Target("a"))));
        Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Target("a")));
    }

    [Fact]
    public async Task A_full_disk_on_the_client_fails_its_row_and_leaves_what_was_there_and_when_there_is_room_it_ends_well()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        rig.Folder.Write("file", FileTestFolder.Random(3_000_000, 6));
        (ContentHash tree, _) = await rig.UploadAsync();
        using SmallDisk disk = SmallDisk.MountAt(rig.Folder["small"], "2m");
        File.WriteAllText(Path.Combine(rig.Folder["small"], "file"), "before");

        ResultRow row = Assert.Single(await rig.SendAsync(tree, Target.Clients(["a"]), rig.Folder["small"]));

        Assert.Equal((CommandStatus.Failed, nameof(PantryErrorCode.StorageFailed)), (row.Result.Status, row.Result.Error!.Code));
        Assert.Contains("space", row.Result.Error.Message, StringComparison.Ordinal);
        Assert.Equal("before", File.ReadAllText(Path.Combine(rig.Folder["small"], "file")));
        disk.Resize("8m");
        TransferRig.Outcome(Assert.Single(await rig.SendAsync(tree, Target.Clients(["a"]), rig.Folder["small"])));
        Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Folder["small"]));
    }

    [Fact]
    public async Task A_full_disk_on_the_server_is_said_to_who_sends_and_what_has_come_is_not_sent_again()
    {
        await using TransferRig rig = await TransferRig.StartAsync(Narrow);
        string files = Path.Combine(rig.Fleet.Root, "server", "files");
        await rig.Console.DisposeAsync();
        await rig.Fleet.Server.DisposeAsync();
        Directory.Delete(files, recursive: true);
        using SmallDisk disk = SmallDisk.MountAt(files, "4m");
        await rig.Fleet.RestartServerAsync();
        await using RemoteFleet console = await rig.Fleet.ConnectAsync();
        rig.Folder.Write("file", FileTestFolder.Random(6_000_000, 7));

        PantryException error = await FileAuthorityTests.RefusedAsync(() => rig.UploadAsync(console.Trees));

        Assert.Equal(PantryErrorCode.StorageFailed, error.Code);
        Assert.Contains(files, error.Message, StringComparison.Ordinal);
        disk.Resize("16m");
        Assert.Equal(6_000_000, (await rig.UploadAsync(console.Trees)).Sent);
        Assert.Empty(rig.Fleet.Server.Files.Store.Verify().Damaged);
        await rig.Fleet.Server.DisposeAsync();
    }

    private static Task<IJob> StartAsync(RemoteFleet console, ContentHash tree, string destination, long rate, string client = "a") => console.StartJobAsync(
        new JobRequest
        {
            Target = Target.Clients([client]),
            Command = FileOrders.Receive,
            Format = BodyFormat.Json,
            Arguments = FileOrders.Write(new ReceiveFilesArguments(tree.ToString(), destination, rate)),
            ValidFor = TimeSpan.FromMinutes(5),
        }, default);

    private static async Task<ClientConfiguration> ConfigurationAsync(RemoteFleet console, string root, int[] ports) => new()
    {
        Server = new ServerAddress("127.0.0.1", ports[0], ports[1]),
        Labels = ClientLabels.Create("a", null, null, null),
        Path = Path.Combine(root, "client"),
        Enrollment = await console.EnrolAsync(new Enrol("a", null, null, [], 0), default),
    };
}
