using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Pantry.Client;
using Pantry.Configuration;
using Pantry.Files;
using Pantry.Operators;
using Pantry.Protocol;
using Pantry.Server;
using Pantry.Targeting;
using Pantry.Transport;

namespace Pantry.Bench.Files;

/// <summary>Pantry's two sides of a transfer, each in a process of its own.</summary>
internal static class FilesFleet
{
    /// <summary>`files server FOLDER CLIENTS WINDOW`: a server with enrolments for its clients in the folder; sends trees when it is told to.</summary>
    public static async Task<int> ServeAsync(string folder, int clients, int window)
    {
        var configuration = new ServerConfiguration { Path = Path.Combine(folder, "server"), PublishPort = 0, ReceivePort = 0, FilePort = 0 };
        await using ServerHost host = await ServerHost.StartAsync(configuration, options: new PantryOptions { Files = new FileLimits { MaxChunkWindow = window } });
        for (int i = 0; i < clients; i++)
            EnrollmentFile.Save(Path.Combine(folder, $"c{i}.enrollment"), await host.Fleet.EnrolAsync(new Enrol($"c{i}", null, null, [], 0), default));
        return await FilesChild.ServeAsync("ready", async words => words[0] switch
        {
            "take" => await TakeAsync(host, words[1]),
            "send" => await SendAsync(host, folder, words[1], int.Parse(words[2], CultureInfo.InvariantCulture)),
            _ => "what?",
        });
    }

    /// <summary>`files clients FOLDER CLIENTS`: all the clients.</summary>
    public static async Task<int> ClientsAsync(string folder, int clients)
    {
        await using SocketLoop loop = SocketLoop.Start("clients", 4096, NullLogger.Instance);
        var agents = new List<ClientAgent>();
        for (int i = 0; i < clients; i++)
        {
            Enrollment enrollment = EnrollmentFile.Load(Path.Combine(folder, $"c{i}.enrollment"), DateTimeOffset.UtcNow);
            agents.Add(await ClientAgent.StartAsync(new ClientConfiguration
            {
                Server = new ServerAddress(enrollment.Address, enrollment.PublishPort, enrollment.ReceivePort),
                Labels = ClientLabels.Create($"c{i}", null, null, null),
                Path = Path.Combine(folder, $"home{i}"),
                Enrollment = enrollment,
            }, loop: loop));
        }

        int code = await FilesChild.ServeAsync("ready", _ => Task.FromResult("what?"));
        foreach (ClientAgent agent in agents)
            await agent.DisposeAsync();
        return code;
    }

    private static async Task<string> TakeAsync(ServerHost host, string source)
    {
        long start = Stopwatch.GetTimestamp();
        using LocalTree tree = new TreeReader(new FileLimits()).ReadDirectory(source);
        double read = Stopwatch.GetElapsedTime(start).TotalSeconds;
        await host.Fleet.Trees.SendAsync(tree, null, null, null, default);
        return string.Create(CultureInfo.InvariantCulture, $"{tree.Tree.Digest} {tree.Tree.Chunks().Count} {read} {Stopwatch.GetElapsedTime(start).TotalSeconds - read}");
    }

    // Each client has a job and a directory of its own, for all of them are on one machine here.
    private static async Task<string> SendAsync(ServerHost host, string folder, string tree, int clients)
    {
        string run = Guid.NewGuid().ToString("N");
        long start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async i =>
        {
            IJob job = await host.Fleet.StartJobAsync(new JobRequest
            {
                Target = Target.Clients([$"c{i}"]),
                Command = FileOrders.Receive,
                Format = BodyFormat.Json,
                Arguments = FileOrders.Write(new ReceiveFilesArguments(tree, Path.Combine(folder, "target", run, $"c{i}"))),
                Timeout = TimeSpan.FromMinutes(10),
            }, default);
            ResultRow row = await job.ReadRowsAsync(default).SingleAsync();
            if (row.Result.Status != CommandStatus.Succeeded || JsonSerializer.Deserialize(row.Body(Result.OutputBody), FileOrderJson.Default.FilesOutcome) is not { } outcome || outcome.SentBytes != outcome.Bytes)
                throw new InvalidOperationException($"A transfer failed: {row.Result.Status} {row.Result.Error}");
        }));
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        // The next round is to begin with nothing.
        Directory.Delete(Path.Combine(folder, "target", run), recursive: true);
        return seconds.ToString(CultureInfo.InvariantCulture);
    }
}
