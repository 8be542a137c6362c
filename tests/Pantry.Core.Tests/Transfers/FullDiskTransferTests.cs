using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Faults;
using Pantry.Tests.Files;
using Pantry.Tests.Provisioning;
using Pantry.Tests.Storage;

namespace Pantry.Tests.Transfers;

/// <summary>Disks that become full in the middle, when a part has come: it is said, nothing that was there is lost, and with room it goes on.</summary>
public sealed class FullDiskTransferTests
{
    private static readonly PantryOptions Narrow = new() { Files = new FileLimits { MaxChunkWindow = 1024 * 1024, ReservedDisk = 0, FlushBytes = 1024 * 1024 } };

    [Fact]
    public async Task A_servers_disk_that_is_full_in_the_middle_of_a_publish_is_named_and_the_package_is_there_whole_or_not_at_all()
    {
        await using TransferRig rig = await TransferRig.StartAsync(Narrow);
        string files = Path.Combine(rig.Fleet.Root, "server", "files");
        await rig.Console.DisposeAsync();
        await rig.Fleet.Server.DisposeAsync();
        Directory.Delete(files, recursive: true);
        using SmallDisk disk = SmallDisk.MountAt(files, "16m");
        await rig.Fleet.RestartServerAsync();
        await using var proxy = new FaultProxy(rig.Fleet.Server.FilePort);
        OperatorCredentials credentials = await rig.Fleet.AddOperatorAsync("far", administrator: true);
        await using RemoteFleet console = await RemoteFleet.ConnectAsync(credentials with { FilePort = proxy.Port }, options: Narrow);
        PackageInfo before = await PackageFolder.PublishNewAsync(console, "base", "1.0.0");
        using PackageFolder folder = new PackageFolder().With("data.bin", FileTestFolder.Random(8_000_000, 21));

        // Held back until the disk is full.
        long from = proxy.ToServer.Passed;
        proxy.ToServer.Throttle(8_000_000);
        Task<(PackageInfo Package, long Sent)> publishing = folder.PublishAsync(console, "web", "1.0.0");
        await Fleet.EventuallyAsync(() => proxy.ToServer.Passed - from > 4_000_000, "a part of it");
        proxy.ToServer.Pause();
        disk.Fill();
        proxy.ToServer.Resume();
        proxy.ToServer.Throttle(0);

        var full = await Assert.ThrowsAsync<PantryException>(() => publishing.WaitAsync(Fleet.Deadline));
        Assert.Equal(PantryErrorCode.StorageFailed, full.Code);
        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.Contains(files, full.Message, StringComparison.Ordinal);
        Assert.Equal([before.Digest], await DigestsAsync(console));
        Assert.Empty(rig.Fleet.Server.Files.Store.Verify().Damaged);

        disk.Empty();
        (PackageInfo published, long sent) = await folder.PublishAsync(console, "web", "1.0.0");

        Assert.InRange(sent, 1, 8_000_000 - 1_000_000);
        Assert.Equal(new[] { before.Digest, published.Digest }.Order(), (await DigestsAsync(console)).Order());
        Assert.Empty(rig.Fleet.Server.Files.Store.Verify().Damaged);
        await rig.Fleet.Server.DisposeAsync();
    }

    [Fact]
    public async Task A_clients_disk_that_is_full_in_the_middle_fails_its_row_and_with_room_only_the_rest_is_sent()
    {
        await using TransferRig rig = await TransferRig.StartAsync(Narrow);
        await using var proxy = new FaultProxy(rig.Fleet.Server.FilePort);
        await rig.AddAsync("a", filePort: proxy.Port);
        rig.Folder.Write("file", FileTestFolder.Random(8_000_000, 22));
        (ContentHash tree, _) = await rig.UploadAsync();
        using SmallDisk disk = SmallDisk.MountAt(rig.Folder["small"], "16m");
        File.WriteAllText(Path.Combine(rig.Folder["small"], "file"), "before");

        proxy.ToClient.Throttle(8_000_000);
        Task<List<ResultRow>> sending = rig.SendAsync(tree, Target.Clients(["a"]), rig.Folder["small"]);
        await Fleet.EventuallyAsync(() => proxy.ToClient.Passed > 4_000_000, "a part of it");
        proxy.ToClient.Pause();
        disk.Fill();
        proxy.ToClient.Resume();
        proxy.ToClient.Throttle(0);

        ResultRow row = Assert.Single(await sending);
        Assert.Equal((CommandStatus.Failed, nameof(PantryErrorCode.StorageFailed)), (row.Result.Status, row.Result.Error!.Code));
        Assert.Contains("full", row.Result.Error.Message, StringComparison.Ordinal);
        Assert.Contains(rig.Folder["small"], row.Result.Error.Message, StringComparison.Ordinal);
        Assert.Equal("before", File.ReadAllText(Path.Combine(rig.Folder["small"], "file")));

        disk.Empty();
        FilesOutcome outcome = TransferRig.Outcome(Assert.Single(await rig.SendAsync(tree, Target.Clients(["a"]), rig.Folder["small"])));

        Assert.InRange(outcome.SentBytes, 1, 8_000_000 - 2_000_000);
        Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Folder["small"]));
        Assert.Equal(0, rig.Fleet.Server.FileBytesUnderWay);
    }

    private static async Task<List<string>> DigestsAsync(RemoteFleet fleet) =>
        [.. (await fleet.Provisioning.FindPackagesAsync(new PackageFilter(), default).ToListAsync()).Select(package => package.Digest)];
}
