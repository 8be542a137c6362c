using System.Text.Json;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Targeting;
using Pantry.Tests.EndToEnd;
using Pantry.Tests.Files;

namespace Pantry.Tests.Transfers;

/// <summary>A fleet, files to send, and a console that sends them.</summary>
internal sealed class TransferRig : IAsyncDisposable
{
    private TransferRig(Fleet fleet, RemoteFleet console) => (Fleet, Console) = (fleet, console);

    public Fleet Fleet { get; }

    public RemoteFleet Console { get; }

    public FileTestFolder Folder { get; } = new();

    public static async Task<TransferRig> StartAsync(PantryOptions? options = null, int[]? ports = null)
    {
        Fleet fleet = await Fleet.StartAsync(options ?? new PantryOptions(), ports);
        return new TransferRig(fleet, await fleet.ConnectAsync());
    }

    /// <summary>Directory that a client's files go to.</summary>
    public string Target(string client) => Folder[$"clients/{client}"];

    /// <summary>A client whose port of files is somewhere else, as behind a proxy.</summary>
    public Task<ClientAgent> AddAsync(string identity, string? application = null, int filePort = 0, string[]? allowed = null) =>
        Fleet.AddAsync(identity, application, through: Fleet.Address with { FilePort = filePort }, allowed: allowed);

    /// <summary>Brings the source directory to the server; what was sent.</summary>
    public async Task<(ContentHash Tree, long Sent)> UploadAsync(ITreeExchange? by = null, params string[] exclude)
    {
        using LocalTree tree = Folder.Read(exclude);
        using var deadline = new CancellationTokenSource(Fleet.Deadline);
        long sent = await (by ?? Console.Trees).SendAsync(tree, null, null, null, deadline.Token);
        return (tree.Tree.Digest, sent);
    }

    /// <summary>Has clients fetch a tree, each into a directory of its own name where none is given.</summary>
    public Task<List<ResultRow>> SendAsync(ContentHash tree, Target target, string destination, IFleet? by = null, long? rate = null, TimeSpan timeout = default) =>
        Fleet.RunAsync(
            new JobRequest
            {
                Target = target,
                Command = FileOrders.Receive,
                Format = BodyFormat.Json,
                Arguments = FileOrders.Write(new ReceiveFilesArguments(tree.ToString(), destination, rate)),
                Timeout = timeout,
                ValidFor = TimeSpan.FromMinutes(5),
            },
            by ?? Console);

    public static FilesOutcome Outcome(ResultRow row)
    {
        Assert.True(row.Result.Status == CommandStatus.Succeeded, $"{row.Client}: {row.Result.Status} {row.Result.Error}");
        return JsonSerializer.Deserialize(row.Body(Result.OutputBody), FileOrderJson.Default.FilesOutcome)!;
    }

    public async ValueTask DisposeAsync()
    {
        await Console.DisposeAsync();
        await Fleet.DisposeAsync();
        Folder.Dispose();
    }
}
