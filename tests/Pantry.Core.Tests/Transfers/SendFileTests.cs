using System.Diagnostics;
using Pantry.Files;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.Files;

namespace Pantry.Tests.Transfers;

/// <summary>From an operator's console through the server to clients, over real sockets.</summary>
public sealed class SendFileTests
{
    [Fact]
    public async Task What_an_operator_sends_is_on_the_client_as_it_was()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        rig.Folder.Write("bin/run.sh", [1, 2, 3], 0x1ed);
        rig.Folder.Write("large", FileTestFolder.Random(5_000_000, 1), 0x180);
        rig.Folder.Write("größe 日本", [4]);
        rig.Folder.Write("empty", []);
        Directory.CreateDirectory(Path.Combine(rig.Folder.Source, "nothing"));

        (ContentHash tree, long sent) = await rig.UploadAsync();
        FilesOutcome outcome = TransferRig.Outcome(Assert.Single(await rig.SendAsync(tree, Target.Clients(["a"]), rig.Target("a"))));

        Assert.Equal(5_000_004, sent);
        Assert.Equal((4, 5_000_004L, 4, 5_000_004L), (outcome.Files, outcome.Bytes, outcome.Written, outcome.SentBytes));
        Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Target("a")));
        Assert.Equal(0, rig.Fleet.Server.FileBytesUnderWay);
    }

    [Fact]
    public async Task Nothing_is_sent_twice_neither_to_the_server_nor_to_the_client()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        byte[] content = FileTestFolder.Random(8_000_000, 2);
        rig.Folder.Write("large", content);
        (ContentHash first, _) = await rig.UploadAsync();
        await rig.SendAsync(first, Target.Clients(["a"]), rig.Target("a"));

        Assert.Equal(0, (await rig.UploadAsync()).Sent);
        Assert.Equal(0, TransferRig.Outcome(Assert.Single(await rig.SendAsync(first, Target.Clients(["a"]), rig.Target("a")))).SentBytes);
        // Also into another directory: it is on that machine already.
        Assert.Equal(0, TransferRig.Outcome(Assert.Single(await rig.SendAsync(first, Target.Clients(["a"]), rig.Target("a-again")))).SentBytes);

        content[4_000_000] ^= 1;
        rig.Folder.Write("large", content);
        rig.Folder.Write("copy", content);
        (ContentHash second, long sent) = await rig.UploadAsync();
        FilesOutcome outcome = TransferRig.Outcome(Assert.Single(await rig.SendAsync(second, Target.Clients(["a"]), rig.Target("a"))));

        Assert.InRange(sent, 1, 2 * Chunker.MaxBytes);
        Assert.Equal(sent, outcome.SentBytes);
        Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Target("a")));
    }

    [Fact]
    public async Task Files_with_access_lists_are_refused_by_a_client_that_is_no_Windows_machine_and_it_says_what_to_do()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows takes them.");
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        rig.Folder.Write("file", [1, 2, 3]);
        using LocalTree read = rig.Folder.Read();
        // As a console on Windows makes it.
        using var tree = new LocalTree(
            FileTree.Create([read.Tree.Entries[0] with { Acl = "D:P(A;;0x1f01ff;;;S-1-5-18)" }], FileTestFolder.Limits),
            new Dictionary<string, (RootFolder, string)> { ["file"] = (RootFolder.Open(rig.Folder.Source), "file") }, []);
        await rig.Console.Trees.SendAsync(tree, null, null, null, default);

        ResultRow row = Assert.Single(await rig.SendAsync(tree.Tree.Digest, Target.Clients(["a"]), rig.Target("a")));

        Assert.Equal((CommandStatus.Failed, nameof(PantryErrorCode.NotOffered)), (row.Result.Status, row.Result.Error!.Code));
        Assert.Contains("Send them without -KeepAcl", row.Result.Error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(rig.Target("a")));
    }

    [Fact]
    public async Task Twenty_clients_have_the_files_from_one_order()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        string[] names = [.. Enumerable.Range(0, 20).Select(i => $"c{i}")];
        await Task.WhenAll(names.Select(name => rig.AddAsync(name)));
        rig.Folder.Write("large", FileTestFolder.Random(3_000_000, 3));
        (ContentHash tree, _) = await rig.UploadAsync(rig.Fleet.Server.Fleet.Trees);

        // Each has its own, for all are on one machine here.
        List<ResultRow>[] rows = await Task.WhenAll(names.Select(name => rig.SendAsync(tree, Target.Clients([name]), rig.Target(name))));

        Assert.All(rows.SelectMany(row => row), row => Assert.Equal(3_000_000, TransferRig.Outcome(row).SentBytes));
        Assert.All(names, name => Assert.Equal(FileTestFolder.Contents(rig.Folder.Source), FileTestFolder.Contents(rig.Target(name))));
        Assert.Equal(0, rig.Fleet.Server.FileBytesUnderWay);
    }

    [Fact]
    public async Task To_the_server_and_to_a_client_nothing_goes_faster_than_it_may()
    {
        const int Rate = 1024 * 1024;
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        rig.Folder.Write("large", FileTestFolder.Random(2 * Rate, 4));
        using LocalTree tree = rig.Folder.Read();
        // All but the last chunk, whichever that is; a timer may come a moment early.
        TimeSpan least = TimeSpan.FromSeconds((tree.Tree.Size - tree.Tree.Chunks().Max(chunk => chunk.Length)) / (double)Rate) - TimeSpan.FromMilliseconds(50);

        long begun = Stopwatch.GetTimestamp();
        await rig.Console.Trees.SendAsync(tree, null, new ByteRate(Rate, TimeProvider.System), null, TestContext.Current.CancellationToken);
        TimeSpan up = Stopwatch.GetElapsedTime(begun);
        begun = Stopwatch.GetTimestamp();
        TransferRig.Outcome(Assert.Single(await rig.SendAsync(tree.Tree.Digest, Target.Clients(["a"]), rig.Target("a"), rate: Rate)));
        TimeSpan down = Stopwatch.GetElapsedTime(begun);

        Assert.True(up >= least, $"To the server it took {up}, less than {least}.");
        Assert.True(down >= least, $"To the client it took {down}, less than {least}.");
    }
}
