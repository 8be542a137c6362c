using System.Diagnostics;
using Pantry.Client;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Files;

namespace Pantry.Tests.Transfers;

/// <summary>From clients through the server to an operator's console.</summary>
public sealed class ReceiveFileTests
{
    [Fact]
    public async Task Files_that_match_come_from_each_client_with_their_paths_below_the_first_wildcard()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        foreach (string name in (string[])["a", "b"])
        {
            await rig.AddAsync(name);
            rig.Folder.Write($"{name}/logs/x/app.log", FileTestFolder.Random(300_000, name[0]));
            rig.Folder.Write($"{name}/logs/y/app.log", [1]);
            rig.Folder.Write($"{name}/logs/y/app.tmp", [2]);
        }

        foreach (string name in (string[])["a", "b"])
        {
            ResultRow row = Assert.Single(await OfferAsync(rig, name, rig.Console, Path.Combine(rig.Folder.Source, name, "logs/*/*.log")));
            await FetchAsync(rig, row, rig.Folder[$"received/{name}"]);
            Assert.Equal(["x", "x/app.log", "y", "y/app.log"], FileTestFolder.Contents(rig.Folder[$"received/{name}"]).Keys);
            Assert.Equal(File.ReadAllBytes(Path.Combine(rig.Folder.Source, name, "logs/x/app.log")), File.ReadAllBytes(rig.Folder[$"received/{name}/x/app.log"]));
        }
    }

    [Fact]
    public async Task A_directory_comes_without_what_is_excluded_and_the_second_time_only_what_has_changed_is_sent()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        rig.Folder.Write("etc/one", FileTestFolder.Random(2_000_000, 1));
        rig.Folder.Write("etc/two", [2]);
        rig.Folder.Write("etc/cache/x", [3]);

        ResultRow first = Assert.Single(await OfferAsync(rig, "a", rig.Console, ["cache"], Path.Combine(rig.Folder.Source, "etc")));
        rig.Folder.Write("etc/two", [2, 2]);
        ResultRow second = Assert.Single(await OfferAsync(rig, "a", rig.Console, ["cache"], Path.Combine(rig.Folder.Source, "etc")));
        await FetchAsync(rig, second, rig.Folder["received"]);

        Assert.Equal((2_000_001L, 2L), (TransferRig.Outcome(first).SentBytes, TransferRig.Outcome(second).SentBytes));
        Assert.Equal(["etc", "etc/one", "etc/two"], FileTestFolder.Contents(rig.Folder["received"]).Keys);
    }

    [Theory]
    [InlineData("relative/path", "InvalidArgument")]
    [InlineData("/nowhere/at/all", "NoMatchingFile")]
    [InlineData("/nowhere/*.log", "NoMatchingFile")]
    [InlineData("/tmp/../etc/passwd", "InvalidArgument")]
    [InlineData("/", "InvalidArgument")]
    public async Task A_path_that_means_nothing_is_said_so(string path, string code)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Unix's paths.");
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");

        ResultRow row = Assert.Single(await OfferAsync(rig, "a", rig.Console, path));

        Assert.Equal((CommandStatus.Failed, code), (row.Result.Status, row.Result.Error!.Code));
        Assert.Contains(path, row.Result.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_sends_no_faster_than_the_order_says()
    {
        const int Rate = 1024 * 1024;
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        string file = rig.Folder.Write("large", FileTestFolder.Random(2 * Rate, 5));
        using LocalTree tree = rig.Folder.Read();
        TimeSpan least = TimeSpan.FromSeconds((tree.Tree.Size - tree.Tree.Chunks().Max(chunk => chunk.Length)) / (double)Rate) - TimeSpan.FromMilliseconds(50);

        long begun = Stopwatch.GetTimestamp();
        TransferRig.Outcome(Assert.Single(await rig.Fleet.RunAsync(Request("a", new OfferFilesArguments([file], BytesPerSecond: Rate)), rig.Console)));

        Assert.True(Stopwatch.GetElapsedTime(begun) >= least, $"It took {Stopwatch.GetElapsedTime(begun)}, less than {least}.");
    }

    [Fact]
    public async Task More_than_the_order_allows_does_not_come()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        await rig.AddAsync("a");
        string file = rig.Folder.Write("big", new byte[1001]);

        ResultRow row = Assert.Single(await rig.Fleet.RunAsync(Request("a", new OfferFilesArguments([file], MaxBytes: 1000)), rig.Console));

        Assert.Equal((CommandStatus.Failed, nameof(PantryErrorCode.LimitReached)), (row.Result.Status, row.Result.Error!.Code));
        Assert.Empty(rig.Fleet.Server.Files.Store.All());
    }

    [Fact]
    public async Task What_a_client_says_of_itself_beyond_the_order_is_refused_by_the_server()
    {
        await using TransferRig rig = await TransferRig.StartAsync();
        var offering = new TaskCompletionSource<string>();
        ClientAgent client = await rig.AddAsync("a");
        // A client that was tampered with: it takes the order, and then brings what it likes.
        client.Commands.Add(new Cheat(async context =>
        {
            using LocalTree tree = rig.Folder.Read();
            await client.Trees.SendAsync(tree, context.JobId, null, null, default);
        }));
        rig.Folder.Write("big", new byte[5000]);

        ResultRow row = Assert.Single(await rig.Fleet.RunAsync(Request("a", new OfferFilesArguments(["/x"], MaxBytes: 1000)), rig.Console));

        Assert.Equal(nameof(PantryErrorCode.OutOfScope), row.Result.Error!.Code);
        Assert.Empty(rig.Fleet.Server.Files.Store.All());
    }

    internal static Task<List<ResultRow>> OfferAsync(TransferRig rig, string client, IFleet by, params string[] paths) => OfferAsync(rig, client, by, [], paths);

    internal static Task<List<ResultRow>> OfferAsync(TransferRig rig, string client, IFleet by, string[] exclude, params string[] paths) =>
        rig.Fleet.RunAsync(Request(client, new OfferFilesArguments(paths, Exclude: exclude)), by);

    internal static ContentHash Tree(ResultRow row)
    {
        Assert.True(ContentHash.TryParse(TransferRig.Outcome(row).Tree, out ContentHash tree));
        return tree;
    }

    private static JobRequest Request(string client, OfferFilesArguments arguments) => new()
    {
        Target = Target.Clients([client]),
        Command = FileOrders.Offer,
        Format = BodyFormat.Json,
        Arguments = FileOrders.Write(arguments),
    };

    private static async Task FetchAsync(TransferRig rig, ResultRow row, string destination)
    {
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        await using IOpenedTree tree = await rig.Console.Trees.OpenAsync(Tree(row), row.Result.Job, null, deadline.Token);
        await new TreeWriter(FileTestFolder.Limits).WriteAsync(tree.Tree, destination, tree, deadline.Token);
    }

    private sealed class Cheat(Func<Pantry.Commands.CommandContext, Task> act) : Pantry.Commands.ICommand
    {
        public string Name => FileOrders.Offer;

        public bool IsRepeatable => true;

        public async Task<Pantry.Commands.CommandOutcome> RunAsync(Pantry.Commands.CommandContext context, CancellationToken cancellation)
        {
            await act(context);
            return new Pantry.Commands.CommandOutcome();
        }
    }
}
